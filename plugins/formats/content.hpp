/// What a model's file holds, as the plugin and the program lamina-hdf5 hand it to each other.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "channel.hpp"
#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

/// As a Store has it, without the bytes.
struct StoredTensor {
    std::string group, name;
    TensorType type;
};

struct Content {
    std::map<std::string, std::string> texts;
    std::vector<StoredTensor> tensors;

    std::string text(const std::string& key, const std::string& otherwise = "") const {
        const auto found = texts.find(key);
        return found == texts.end() ? otherwise : found->second;
    }
};

inline std::string pack(const Content& content) {
    Packer out;
    out.put(content.texts.size());
    for (const auto& [key, text] : content.texts) {
        out.put(key);
        out.put(text);
    }
    out.put(content.tensors.size());
    for (const StoredTensor& t : content.tensors) {
        out.put(t.group);
        out.put(t.name);
        out.put(static_cast<uint64_t>(t.type.dtype));
        out.put(t.type.dims.size());
        for (const int64_t d : t.type.dims)
            out.put(static_cast<uint64_t>(d));
    }
    return out.bytes();
}

inline Content unpack_content(std::string_view bytes) {
    Unpacker in(bytes);
    Content content;
    for (uint64_t n = in.number(); n > 0; --n) {
        std::string key = in.text();
        content.texts[std::move(key)] = in.text();
    }
    for (uint64_t n = in.number(); n > 0; --n) {
        StoredTensor t;
        t.group = in.text();
        t.name = in.text();
        t.type.dtype = static_cast<lm_dtype>(in.number());
        for (uint64_t rank = in.number(); rank > 0; --rank)
            t.type.dims.push_back(static_cast<int64_t>(in.number()));
        content.tensors.push_back(std::move(t));
    }
    return content;
}

} // namespace lamina::plugin
