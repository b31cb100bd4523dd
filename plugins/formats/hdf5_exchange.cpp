#include "hdf5_exchange.hpp"

#include <span>

#include "content.hpp"
#include "hdf5_program.hpp"

namespace lamina::plugin {

namespace {

/// The tensors' bytes, which come one after the other.
class Incoming {
  public:
    /// Makes the tensors.
    void add(const Content& content, Store& store) {
        for (const auto& [key, text] : content.texts)
            store.set_text(key, text);
        for (const StoredTensor& t : content.tensors)
            if (void* target = store.add(t.group, t.name, t.type.dtype, t.type.dims);
                t.type.bytes() > 0)
                rest_.emplace_back(static_cast<char*>(target), static_cast<size_t>(t.type.bytes()));
    }
    /// Receives into the next tensor.
    void fill(Channel& channel, uint64_t bytes) {
        if (done() || bytes > rest_[at_].size())
            throw Broken();
        channel.receive(rest_[at_].data(), bytes);
        rest_[at_] = rest_[at_].subspan(bytes);
        at_ += rest_[at_].empty() ? 1 : 0;
    }
    bool done() const { return at_ == rest_.size(); }

  private:
    std::vector<std::span<char>> rest_;
    size_t at_ = 0;
};

/// How the reasons begin that the library gives for such a file.
constexpr const char* kDamaged = "the HDF5 file is damaged";

} // namespace

void read_hdf5(const char* what, const std::string& path, Store& store) {
    Hdf5Program program({what, path});
    Incoming tensors;
    try {
        program.hear(kDamaged, [&](Message message, uint64_t number) {
            if (message == Message::Content)
                tensors.add(unpack_content(program.channel().text(number)), store);
            else
                tensors.fill(program.channel(), number);
        });
    } catch (const Error& e) {
        const std::string reason = e.what();
        if (!reason.starts_with(kDamaged))
            throw;
        throw Error(e.code(), reason + "\n  hint: copy or download the file again, or save it "
                                       "anew with the program that wrote it");
    }
    if (!tensors.done())
        throw Error(LM_INTERNAL, "lamina-hdf5 left tensors out");
}

static Content content_of(const Store& store) {
    Content content;
    for (const std::string& key : store.text_keys())
        content.texts[key] = *store.text(key.c_str());
    for (uint64_t i = 0; i < store.size(); ++i) {
        const Store::Tensor t = store.tensor(i);
        content.tensors.push_back({t.group, t.name, {t.dtype, t.dims}});
    }
    return content;
}

void write_hdf5(const char* layout, const std::string& path, const Store& store) {
    const std::string content = pack(content_of(store));
    Hdf5Program program({"write", layout, path});
    const auto send = [&](const void* data, size_t bytes) {
        try {
            program.channel().send(data, bytes);
        } catch (const Broken&) {
            // Where it has failed meanwhile, what it says next is why.
        }
    };
    program.hear("it could not be written", [&](Message message, uint64_t number) {
        if (message == Message::Content) {
            const uint64_t size = content.size();
            send(&size, sizeof size);
            send(content.data(), content.size());
        } else {
            const Store::Tensor t = store.tensor(number);
            send(t.data, static_cast<size_t>(TensorType{t.dtype, t.dims}.bytes()));
        }
    });
}

} // namespace lamina::plugin
