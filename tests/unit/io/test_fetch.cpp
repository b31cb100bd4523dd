#include "lamina/error.hpp"
#include "lamina/fetch.hpp"
#include "lamina/sha256.hpp"
#include "temp_folder.hpp"

#include <arpa/inet.h>
#include <array>
#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <thread>

using namespace lamina;

namespace {

/// Answers one request on a port of its own with the given bytes.
class Server {
  public:
    explicit Server(std::string answer) : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_, 1) == 0);
        socklen_t size = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this, answer = std::move(answer)] {
            const int connection = ::accept(listener_, nullptr, nullptr);
            if (connection < 0)
                return;
            std::array<char, 4096> request{};
            if (::recv(connection, request.data(), request.size(), 0) > 0)
                ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
            ::shutdown(connection, SHUT_RDWR);
            ::close(connection);
        });
    }
    ~Server() {
        ::shutdown(listener_, SHUT_RDWR); // wakes accept() when nobody came
        thread_.join();
        ::close(listener_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/file"; }

  private:
    int listener_;
    int port_ = 0;
    std::thread thread_;
};

std::string answer(const std::string& status, const std::string& body, std::size_t length) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(length) +
           "\r\nConnection: close\r\n\r\n" + body;
}

std::string error_of(const std::string& url, const std::filesystem::path& target,
                     const FetchOptions& options = {}) {
    try {
        fetch(url, target, options);
        return "no error";
    } catch (const Error& error) {
        CHECK_FALSE(std::filesystem::exists(target));
        return error.what();
    }
}

} // namespace

TEST_CASE("fetch: a file comes whole, into folders made for it, with its progress") {
    const TempFolder folder;
    const std::string body(100000, 'x');
    const Server server(answer("200 OK", body, body.size()));
    FetchOptions options;
    options.sha256 = sha256(body);
    std::uint64_t last = 0;
    options.progress = [&](std::uint64_t done, std::uint64_t) {
        last = done;
        return true;
    };
    fetch(server.url(), folder / "new/folders/file", options);
    CHECK(get(folder / "new/folders/file") == body);
    CHECK(last == body.size());
}

TEST_CASE("fetch: a wrong digest is refused with both digests, and nothing is kept") {
    const TempFolder folder;
    put(folder / "source", "tampered");
    FetchOptions options;
    options.sha256 = sha256("genuine");
    const std::string url = "file://" + (folder / "source").string();
    CHECK(error_of(url, folder / "target", options) ==
          "cannot fetch " + url + ": its content is not the expected one\n  SHA-256 expected " +
              sha256("genuine") + "\n  SHA-256 found    " + sha256("tampered"));
}

TEST_CASE("fetch: the digest of a gzip file's content will do, whatever the compression") {
    const TempFolder folder;
    // What `gzip -1n` makes of "genuine\n".
    const std::string gzip("\x1f\x8b\x08\0\0\0\0\0\x04\x03\x4b\x4f\xcd\x2b\xcd\xcc\x4b\xe5\x02\0"
                           "\x43\x3c\x76\x99\x08\0\0\0",
                           28);
    put(folder / "source.gz", gzip);
    FetchOptions options;
    options.sha256 = sha256("genuine\n");
    fetch("file://" + (folder / "source.gz").string(), folder / "a.gz", options);
    CHECK(get(folder / "a.gz") == gzip);
    CHECK(has_digest(folder / "a.gz", options.sha256));
    CHECK(has_digest(folder / "a.gz", sha256(gzip)));
    CHECK_FALSE(has_digest(folder / "a.gz", sha256("other")));
    CHECK_FALSE(has_digest(folder / "missing", options.sha256));
}

TEST_CASE("fetch: no server, no file and an early end are told apart") {
    const TempFolder folder;
    CHECK(
        error_of("http://127.0.0.1:1/file", folder / "a").find("Failed to connect to 127.0.0.1") !=
        std::string::npos);
    const Server missing(answer("404 Not Found", "", 0));
    CHECK(error_of(missing.url(), folder / "a") ==
          "cannot fetch " + missing.url() + ": The requested URL returned error: 404");
    const Server cut(answer("200 OK", "half", 8));
    CHECK(error_of(cut.url(), folder / "a").find("transfer closed with 4 bytes remaining") !=
          std::string::npos);
    CHECK(error_of("http://no-such-host.invalid/file", folder / "a")
              .find("Could not resolve host: no-such-host.invalid") != std::string::npos);
}

TEST_CASE("fetch: a progress function can stop the download") {
    const TempFolder folder;
    const std::string body(100000, 'x');
    const Server server(answer("200 OK", body, body.size()));
    FetchOptions options;
    options.progress = [](std::uint64_t, std::uint64_t) { return false; };
    CHECK(error_of(server.url(), folder / "a", options) ==
          "cannot fetch " + server.url() + ": cancelled");
}

TEST_CASE("fetch: other protocols are refused") {
    const TempFolder folder;
    CHECK(error_of("ftp://127.0.0.1/file", folder / "a").starts_with("cannot fetch ftp://"));
}
