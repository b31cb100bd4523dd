#include "lamina/error.hpp"
#include "lamina/sha256.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>

using namespace lamina;

TEST_CASE("sha256: the published examples of FIPS 180 come out") {
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256(std::string(1000000, 'a')) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("sha256: pieces give the digest of the whole, and a digest can be reused") {
    Sha256 digest;
    digest.update("a");
    digest.update("bc");
    CHECK(digest.hex() == sha256("abc"));
    CHECK(digest.hex() == sha256(""));
}

TEST_CASE("sha256: a file's digest is that of its bytes") {
    const TempFolder folder;
    put(folder / "a", std::string(200000, 'x'));
    CHECK(sha256_of_file(folder / "a") == sha256(std::string(200000, 'x')));
    CHECK_THROWS_AS(sha256_of_file(folder / "missing"), Error);
}
