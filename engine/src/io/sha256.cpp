#include "lamina/sha256.hpp"

#include "io/file_descriptor.hpp"
#include "lamina/error.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

namespace lamina {
namespace {

void check(int status) {
    if (status != 1)
        throw Error(StatusCode::Internal, "OpenSSL cannot compute SHA-256");
}

} // namespace

struct Sha256::State {
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};

    State() { start(); }
    void start() const { check(EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr)); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}

Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
    check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

std::string Sha256::hex() {
    std::array<unsigned char, 32> digest{};
    unsigned length = 0;
    check(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &length));
    state_->start();
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : digest) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 15];
    }
    return text;
}

std::string sha256(std::span<const std::byte> bytes) {
    Sha256 digest;
    digest.update(bytes);
    return digest.hex();
}

std::string sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

std::string sha256_of_file(const std::filesystem::path& path) {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        fail_io("cannot read", path);
    Sha256 digest;
    std::array<std::byte, 65536> buffer;
    for (;;) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            fail_io("cannot read", path);
        if (count == 0)
            return digest.hex();
        digest.update({buffer.data(), static_cast<std::size_t>(count)});
    }
}

} // namespace lamina
