/// HDF5's C library behind types that close themselves and errors that say what went wrong.
///
/// The library is not safe for threads: hold a Lock while using anything here.
#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "lamina/plugin/abi.h"

namespace lamina::plugin::hdf5 {

/// One user of the library at a time; HDF5 prints no errors of its own while it lives.
class Lock {
  public:
    Lock();

  private:
    std::lock_guard<std::mutex> lock_;
};

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
/// A file that lies in memory; bytes must outlive it.
Id open_image(std::span<const std::byte> bytes);
/// A file in memory, where all are made: HDF5 1.10 cannot close a file whose bytes no disk takes,
/// and crashes when it is unloaded thereafter.
Id create_image();
/// The bytes of a file made by create_image, which must outlive them.
std::span<const std::byte> image_of(const Id& file);
/// Writes those bytes to `path`. Throws Error(LM_IO) with the system's reason.
void write_image(const Id& file, const std::string& path);

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
/// The names of the attributes that hold one string.
std::vector<std::string> text_attributes(hid_t object);
/// A string of variable length, which may be of any size.
void write_text(hid_t object, const char* name, const std::string& value);
/// A list of strings of fixed length, split as Keras does where it is too long for an attribute.
void write_texts(hid_t object, const std::string& name, const std::vector<std::string>& values);

struct TensorInfo {
    lm_dtype dtype;
    std::vector<int64_t> dims;
};
Id open_dataset(hid_t parent, const std::string& path);
/// Throws for types that are no numbers.
TensorInfo info(const Id& dataset, const std::string& path);
void read(const Id& dataset, const TensorInfo& info, void* target, const std::string& path);
void write(hid_t parent, const std::string& path, const TensorInfo& info, const void* data);

} // namespace lamina::plugin::hdf5
