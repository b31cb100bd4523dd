#include "transfer.hpp"

#include <algorithm>

#include "limits.hpp"

namespace lamina::plugin {

void Reading::add(hid_t parent, const std::string& path, const std::string& group,
                  const std::string& name) {
    hdf5::Id dataset = hdf5::open_dataset(parent, path);
    content.tensors.push_back({group, name, hdf5::type(dataset, path)});
    sources_.push_back({std::move(dataset), path});
}

void Reading::send() {
    uint64_t all = 0, largest_at_once = 0;
    for (size_t i = 0; i < sources_.size(); ++i) {
        const auto bytes = static_cast<uint64_t>(content.tensors[i].type.bytes());
        all += bytes;
        if (hdf5::is_chunked(sources_[i].dataset))
            largest_at_once = std::max(largest_at_once, bytes);
    }
    limit_for_data(all, largest_at_once);
    plugin_.send(Message::Content, pack(content));
    for (size_t i = 0; i < sources_.size(); ++i)
        hdf5::read(sources_[i].dataset, content.tensors[i].type, sources_[i].path,
                   [&](std::span<const std::byte> bytes) {
                       plugin_.send(Message::Data, bytes.size());
                       plugin_.send(bytes.data(), bytes.size());
                   });
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
