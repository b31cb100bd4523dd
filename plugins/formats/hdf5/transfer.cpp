#include "transfer.hpp"

#include <algorithm>

#include "limits.hpp"

namespace lamina::plugin {

void Reading::add(hid_t parent, const std::string& path, const std::string& group,
                  const std::string& name) {
    hdf5::Id dataset = hdf5::open_dataset(parent, path);
    content.tensors.push_back({group, name, hdf5::type(dataset, path)});
    sources_.emplace_back(Dataset{std::move(dataset), path});
}

void Reading::add(float value, const std::string& group, const std::string& name) {
    content.tensors.push_back({group, name, {LM_F32, {}}});
    sources_.emplace_back(value);
}

void Reading::send() {
    uint64_t all = 0, largest_at_once = 0;
    for (size_t i = 0; i < sources_.size(); ++i) {
        const auto bytes = static_cast<uint64_t>(content.tensors[i].type.bytes());
        all += bytes;
        if (const auto* dataset = std::get_if<Dataset>(&sources_[i]);
            dataset != nullptr && hdf5::is_chunked(dataset->id))
            largest_at_once = std::max(largest_at_once, bytes);
    }
    limit_for_data(all, largest_at_once);
    plugin_.send(Message::Content, pack(content));
    const auto send_data = [&](std::span<const std::byte> bytes) {
        plugin_.send(Message::Data, bytes.size());
        plugin_.send(bytes.data(), bytes.size());
    };
    for (size_t i = 0; i < sources_.size(); ++i)
        if (const auto* dataset = std::get_if<Dataset>(&sources_[i]))
            hdf5::read(dataset->id, content.tensors[i].type, dataset->path, send_data);
        else
            send_data(std::as_bytes(std::span(&std::get<float>(sources_[i]), 1)));
}

Writing::Writing(Channel& plugin) : plugin_(plugin) {
    plugin_.send(Message::Content, 0);
    content_ = unpack_content(plugin_.text(plugin_.number()));
}

void Writing::write(size_t tensor, hid_t parent, const std::string& path) {
    plugin_.send(Message::Data, tensor);
    hdf5::write(parent, path, content_.tensors[tensor].type,
                [&](std::span<std::byte> bytes) { plugin_.receive(bytes.data(), bytes.size()); });
}

} // namespace lamina::plugin
