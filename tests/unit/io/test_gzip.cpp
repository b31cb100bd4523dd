#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>
#include <zlib.h>

using namespace lamina;

namespace {

Bytes gzip(const std::string& text) {
    z_stream z{};
    deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    Bytes result(deflateBound(&z, text.size()) + 64);
    Bytes input(text.begin(), text.end());
    z.next_in = input.data();
    z.avail_in = static_cast<uInt>(input.size());
    z.next_out = result.data();
    z.avail_out = static_cast<uInt>(result.size());
    deflate(&z, Z_FINISH);
    result.resize(z.total_out);
    deflateEnd(&z);
    return result;
}

std::string long_text() {
    std::string text;
    for (int i = 0; i < 50000; ++i)
        text += std::to_string(1LL * i * i) + " ";
    return text;
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

std::string error_of(const Bytes& bytes) {
    try {
        gunzip(bytes, "data.gz");
        return "no error";
    } catch (const Error& error) {
        CHECK(error.code() == StatusCode::Io);
        return error.what();
    }
}

} // namespace

TEST_CASE("gzip: what was compressed comes back, empty, short and long") {
    for (const std::string& text : {std::string(), std::string("digits"), long_text()})
        CHECK(text_of(gunzip(gzip(text), "data.gz")) == text);
}

TEST_CASE("gzip: several members follow each other, padding after the last is let be") {
    Bytes bytes = gzip("one ");
    const Bytes second = gzip("two");
    bytes.insert(bytes.end(), second.begin(), second.end());
    bytes.insert(bytes.end(), 512, 0);
    CHECK(text_of(gunzip(bytes, "data.gz")) == "one two");
}

TEST_CASE("gzip: a file that ends too early is refused at every length") {
    const Bytes whole = gzip("some text that is long enough to be cut: 0123456789");
    for (std::size_t size = 2; size < whole.size(); ++size) {
        const std::string message =
            error_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
        REQUIRE(message.starts_with("data.gz: gzip data ends too early, after "));
    }
}

TEST_CASE("gzip: damage in the data or in the checksum is found") {
    const Bytes whole = gzip(long_text());
    Bytes damaged = whole;
    damaged[whole.size() - 8] ^= 1;
    CHECK(error_of(damaged).starts_with("data.gz: damaged gzip data (incorrect data check)"));
    for (std::size_t at = 10; at + 8 < whole.size(); at += whole.size() / 50) {
        damaged = whole;
        damaged[at] ^= 0x55;
        REQUIRE(error_of(damaged).find("gzip data") != std::string::npos);
    }
}

TEST_CASE("gzip: what is not gzip is refused, and read as it is by read_maybe_gzip") {
    CHECK(error_of({'P', 'K'}) == "data.gz: not a gzip file");
    CHECK(error_of({}) == "data.gz: not a gzip file");
    const TempFolder folder;
    put(folder / "plain.gz", "plain");
    put(folder / "packed", text_of(gzip("packed")));
    CHECK(text_of(read_maybe_gzip(folder / "plain.gz")) == "plain");
    CHECK(text_of(read_maybe_gzip(folder / "packed")) == "packed");
}

TEST_CASE("gzip: data beyond the limit is refused") {
    CHECK_THROWS_WITH(gunzip(gzip(std::string(1 << 20, 'x')), "bomb.gz", 1 << 16),
                      "bomb.gz: decompresses to more than 65536 bytes");
}

TEST_CASE("file: a missing file and a folder are refused with the reason") {
    try {
        read_file("/no/such/file");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.code() == StatusCode::NotFound);
        CHECK(std::string(error.what()) == "/no/such/file: cannot read: No such file or directory");
    }
    CHECK_THROWS_WITH(read_file("/tmp"), "/tmp: cannot read: Is a directory");
}

TEST_CASE("file: files of any size, and those that do not tell theirs, are read whole") {
    const TempFolder folder;
    put(folder / "empty", "");
    CHECK(read_file(folder / "empty").empty());
    const std::string text = long_text();
    put(folder / "long", text);
    CHECK(read_text(folder / "long") == text);
    CHECK(read_text("/proc/self/status").find("VmRSS") != std::string::npos);
}
