/// Architecture alone, as model.to_json() of Keras writes it.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "keras_modules.hpp"
#include "lamina/plugin/format.hpp"

namespace lamina::plugin {

namespace {

void read_json(const Config&, const std::string& path, Store& store) {
    void* bytes = nullptr;
    uint64_t size = 0;
    call(host()->read_file, path.c_str(), &bytes, &size);
    const std::unique_ptr<void, void (*)(void*)> owner(bytes, host()->free);
    store.set_text("architecture", std::string(static_cast<const char*>(bytes), size));
}

void write_json(const Config&, const std::string& path, const Store& store) {
    const auto architecture = store.text("architecture");
    if (!architecture)
        invalid("there is no architecture to write");
    const std::string text = with_modules(*architecture).dump();
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool whole = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    int why = errno;
    if (file != nullptr && std::fclose(file) != 0 && whole) {
        whole = false;
        why = errno;
    }
    if (!whole)
        throw Error(LM_IO, std::strerror(why));
}

/// An object; what it says is checked by whoever reads it, with better words.
int32_t probe_json(const char*, const void* head, uint64_t bytes) {
    const std::string_view text(static_cast<const char*>(head), bytes);
    const size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{' ? 1 : 0;
}

} // namespace

LAMINA_FORMAT(keras_json, "{}", "Keras's architecture JSON", ".json", probe_json, read_json,
              write_json)

} // namespace lamina::plugin
