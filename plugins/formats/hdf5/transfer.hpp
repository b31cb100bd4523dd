/// What is read from a file or written to it, on its way between HDF5 and the plugin.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "content.hpp"
#include "hdf5.hpp"

namespace lamina::plugin {

/// A file's content as it is found.
class Reading {
  public:
    explicit Reading(Channel& plugin) : plugin_(plugin) {}

    Content content;

    /// Adds the dataset at `path` as a tensor.
    void add(hid_t parent, const std::string& path, const std::string& group,
             const std::string& name);
    /// Adds a number that the file does not state.
    void add(float value, const std::string& group, const std::string& name);
    void warn(const std::string& text) { plugin_.send(Message::Warning, text); }
    /// Hands all of it over.
    void send();

  private:
    struct Dataset {
        hdf5::Id id;
        std::string path;
    };
    using Source = std::variant<Dataset, float>;

    Channel& plugin_;
    std::vector<Source> sources_; // of content.tensors
};

/// The content that the plugin has.
class Writing {
  public:
    explicit Writing(Channel& plugin);

    const Content& content() const { return content_; }
    const StoredTensor& tensor(size_t index) const { return content_.tensors[index]; }
    size_t size() const { return content_.tensors.size(); }

    /// Writes a tensor as the dataset at `path`.
    void write(size_t tensor, hid_t parent, const std::string& path);

  private:
    Channel& plugin_;
    Content content_;
};

} // namespace lamina::plugin
