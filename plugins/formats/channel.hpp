/// The talk between the plugin and the program lamina-hdf5, over a socket.
#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace lamina::plugin {

/// What the program says, with a number. The plugin only answers.
///
///                when it reads                      when it writes
///     Content    so many bytes of Content follow    the plugin is to send it, after its size
///     Data       so many bytes of tensors follow    the plugin is to send those of this tensor
///     Warning    so many bytes of text follow
///     Error      so many bytes follow, a code and a text; it is the last
///     Done       it is the last
enum class Message : uint64_t { Content = 1, Data, Warning, Error, Done };

/// The other end is no more, or says what makes no sense.
struct Broken {};

/// Sends and receives things whole; throws Broken where that cannot be.
class Channel {
  public:
    /// Borrows the socket.
    explicit Channel(int socket) : socket_(socket) {}

    void send(const void* data, size_t bytes) const {
        for (const char* at = static_cast<const char*>(data); bytes > 0;) {
            const ssize_t sent = ::send(socket_, at, bytes, MSG_NOSIGNAL);
            if (sent < 0 && errno != EINTR)
                throw Broken();
            at += sent > 0 ? sent : 0;
            bytes -= sent > 0 ? static_cast<size_t>(sent) : 0;
        }
    }
    void receive(void* data, size_t bytes) const {
        for (char* at = static_cast<char*>(data); bytes > 0;) {
            const ssize_t received = ::recv(socket_, at, bytes, 0);
            if (received == 0 || (received < 0 && errno != EINTR))
                throw Broken();
            at += received > 0 ? received : 0;
            bytes -= received > 0 ? static_cast<size_t>(received) : 0;
        }
    }

    uint64_t number() const {
        uint64_t number = 0;
        receive(&number, sizeof number);
        return number;
    }

    void send(Message message, uint64_t number) const {
        const uint64_t both[] = {static_cast<uint64_t>(message), number};
        send(both, sizeof both);
    }
    void send(Message message, std::string_view text) const {
        send(message, text.size());
        send(text.data(), text.size());
    }
    std::pair<Message, uint64_t> message() const {
        const auto message = static_cast<Message>(number());
        return {message, number()};
    }
    std::string text(uint64_t size) const {
        constexpr uint64_t kLargest = uint64_t{1} << 30; // architectures take kilobytes
        if (size > kLargest)
            throw Broken();
        std::string text(size, '\0');
        receive(text.data(), size);
        return text;
    }

  private:
    int socket_;
};

/// Numbers and texts one after the other, as bytes.
class Packer {
  public:
    void put(uint64_t number) {
        bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    }
    void put(std::string_view text) {
        put(text.size());
        bytes_ += text;
    }
    const std::string& bytes() const { return bytes_; }

  private:
    std::string bytes_;
};

/// Takes what a Packer put, in the same order.
class Unpacker {
  public:
    explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

    uint64_t number() {
        uint64_t number = 0;
        std::memcpy(&number, take(sizeof number).data(), sizeof number);
        return number;
    }
    std::string text() { return std::string(take(number())); }

  private:
    std::string_view take(uint64_t count) {
        if (count > rest_.size())
            throw Broken();
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::string_view rest_;
};

} // namespace lamina::plugin
