#include "lamina/error.hpp"
#include "lamina/log.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace lamina;

namespace {

/// Collects what is logged, and puts everything back at its end.
struct Collected {
    std::vector<std::pair<LogLevel, std::string>> lines;
    LogLevel before = log_level();
    Collected() {
        set_log_sink([this](LogLevel level, std::string_view message) {
            lines.emplace_back(level, message);
        });
    }
    ~Collected() {
        set_log_sink({});
        set_log_level(before);
    }
};

} // namespace

TEST_CASE("log: messages below the level are left out") {
    Collected collected;
    set_log_level(LogLevel::Info);
    log_debug("a");
    log_info("b");
    log_error("c");
    set_log_level(LogLevel::Off);
    log_error("d");
    REQUIRE(collected.lines.size() == 2);
    CHECK(collected.lines[0] == std::pair{LogLevel::Info, std::string("b")});
    CHECK(collected.lines[1] == std::pair{LogLevel::Error, std::string("c")});
}

TEST_CASE("log: threads may log at once and every message arrives whole") {
    Collected collected;
    set_log_level(LogLevel::Info);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([] {
            for (int i = 0; i < 500; ++i)
                log_info("a whole message");
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(collected.lines.size() == 2000);
    for (const auto& [level, line] : collected.lines)
        REQUIRE(line == "a whole message");
}

TEST_CASE("log: level names are read, others refused") {
    CHECK(parse_log_level("debug") == LogLevel::Debug);
    CHECK(parse_log_level("off") == LogLevel::Off);
    CHECK_THROWS_WITH(parse_log_level("loud"), "unknown log level \"loud\": expected debug, info, "
                                               "warning, error or off");
}
