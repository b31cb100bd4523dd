#include "lamina/paths.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>
#include <string>

using namespace lamina;

namespace {

/// Sets an environment variable for its scope.
class Environment {
  public:
    Environment(const char* name, const char* value) : name_(name) {
        if (const char* before = std::getenv(name))
            before_ = before;
        if (value != nullptr)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
    ~Environment() {
        if (before_)
            ::setenv(name_, before_->c_str(), 1);
        else
            ::unsetenv(name_);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

  private:
    const char* name_;
    std::optional<std::string> before_;
};

} // namespace

TEST_CASE("paths: a tilde means home at the beginning alone") {
    const Environment home("HOME", "/home/somebody");
    CHECK(expand_home("~") == "/home/somebody");
    CHECK(expand_home("~/data/mnist") == "/home/somebody/data/mnist");
    CHECK(expand_home("~other/data") == "~other/data");
    CHECK(expand_home("a/~/b") == "a/~/b");
}

TEST_CASE("paths: the cache folder follows the XDG specification") {
    const Environment home("HOME", "/home/somebody");
    {
        const Environment cache("XDG_CACHE_HOME", "/var/cache/somebody");
        CHECK(cache_folder() == "/var/cache/somebody/lamina");
    }
    {
        const Environment relative("XDG_CACHE_HOME", "relative");
        CHECK(cache_folder() == "/home/somebody/.cache/lamina");
    }
    const Environment none("XDG_CACHE_HOME", nullptr);
    CHECK(cache_folder() == "/home/somebody/.cache/lamina");
}

TEST_CASE("paths: without HOME the user's entry in the password file serves") {
    const Environment home("HOME", nullptr);
    CHECK(expand_home("~").is_absolute());
}

TEST_CASE("paths: the data folder can be set") {
    const Environment folder("LAMINA_DATA_FOLDER", "/opt/lamina-data");
    CHECK(data_folder() == "/opt/lamina-data");
}
