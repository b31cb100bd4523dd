/// lamina-hdf5 as the plugin uses it: one process for each file that is read or written.
///
/// The HDF5 library may crash, loop or ask for any amount of memory on a damaged file. There it
/// takes a process with it that has nothing to lose. It also costs nothing to those who use no
/// HDF5, and clashes with no other HDF5 in a program.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "channel.hpp"

namespace lamina::plugin {

/// Owns an open file's descriptor. Its number is above those of the standard streams.
class Descriptor {
  public:
    /// Throws Error(LM_IO) with errno's reason when number is -1.
    explicit Descriptor(int number);
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();
    int number() const { return number_; }

  private:
    int number_;
};

class Hdf5Program {
  public:
    /// Starts it. Throws Error(LM_IO) with the reason where that is not possible.
    explicit Hdf5Program(const std::vector<std::string>& arguments);
    ~Hdf5Program();
    Hdf5Program(const Hdf5Program&) = delete;
    Hdf5Program& operator=(const Hdf5Program&) = delete;

    Channel& channel() { return channel_; }

    /// Hears it out: logs its warnings, throws its Error, and has `answer` see to Content and Data.
    /// crash: what it means that the library crashes or comes to no end; which, is put after it.
    void hear(const std::string& crash, const std::function<void(Message, uint64_t)>& answer);

  private:
    using Sockets = std::pair<Descriptor, Descriptor>;

    Hdf5Program(const std::vector<std::string>& arguments, Sockets sockets);
    struct Ending {
        bool is_crash;
        std::string how;
    };
    Ending ending();

    Descriptor messages_; // what it prints
    Descriptor socket_;
    Channel channel_;
    pid_t process_ = -1;
};

} // namespace lamina::plugin
