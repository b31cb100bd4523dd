/// HDF5's C library behind types that close themselves and errors that say what went wrong. It is
/// not safe for threads.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lamina/plugin/node.hpp"

namespace lamina::plugin::hdf5 {

/// Has HDF5 print no errors of its own.
void be_quiet();

/// Throws Error(LM_IO) with `what` and the reason that HDF5 gives.
[[noreturn]] void fail(const std::string& what);

/// An identifier and what closes it.
class Id {
  public:
    using Close = herr_t (*)(hid_t);

    /// Throws with `what` when id is negative.
    Id(hid_t id, Close close, const std::string& what);
    Id(Id&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    Id& operator=(Id&&) = delete;
    ~Id() {
        if (id_ >= 0)
            close_(id_);
    }
    operator hid_t() const { return id_; }
    /// Closes now; throws with `what` when that fails.
    void close(const std::string& what);

  private:
    hid_t id_;
    Close close_;
};

Id open_file(const std::string& path);
/// Without a lock: whoever writes models here holds one of another kind (AtomicFile), which some
/// network file systems take for the same.
Id create_file(const std::string& path);

bool has_group(hid_t parent, const std::string& path);
bool has_link(hid_t parent, const std::string& path);
Id open_group(hid_t parent, const std::string& path);
/// Makes the groups on the way too; opens those that are there.
Id make_group(hid_t parent, const std::string& path);
/// The names of the groups and datasets in a group, sorted.
std::vector<std::string> members(hid_t group);

/// A string, of fixed or variable length, or an array of one; none when the attribute is absent.
std::optional<std::string> text(hid_t object, const char* name);
/// A list of strings, also one that Keras split into NAME0, NAME1, ...; none when it is absent.
std::optional<std::vector<std::string>> texts(hid_t object, const std::string& name);
/// A whole number; none when the attribute is absent or something else.
std::optional<int64_t> number(hid_t object, const char* name);
/// The names of the attributes that hold one string.
std::vector<std::string> text_attributes(hid_t object);
/// A string of variable length, which may be of any size.
void write_text(hid_t object, const char* name, const std::string& value);
/// A list of strings of fixed length, split as Keras does where it is too long for an attribute.
void write_texts(hid_t object, const std::string& name, const std::vector<std::string>& values);

Id open_dataset(hid_t parent, const std::string& path);
/// Throws for types that are no numbers, and for sizes that the file cannot hold.
TensorType type(const Id& dataset, const std::string& path);
/// Whether it lies in chunks, which may be packed; then it is read in one piece.
bool is_chunked(const Id& dataset);
/// Hands the elements over as the type says, block by block, in order.
void read(const Id& dataset, const TensorType& type, const std::string& path,
          const std::function<void(std::span<const std::byte>)>& take);
/// Writes the elements that it is given block by block, in order.
void write(hid_t parent, const std::string& path, const TensorType& type,
           const std::function<void(std::span<std::byte>)>& give);

} // namespace lamina::plugin::hdf5
