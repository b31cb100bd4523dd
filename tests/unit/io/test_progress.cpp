#include "lamina/progress.hpp"

#include <catch2/catch.hpp>

#include <sstream>

namespace lamina {
namespace {

TEST_CASE("progress: a log gets one line at the end, with the count, the time and the note") {
    std::ostringstream out;
    ProgressBar progress("epoch 3/20", 48000, "images", ProgressMode::Lines, out);
    progress.update(128, "loss 2.3");
    progress.finish("loss 0.0612");
    const std::string text = out.str();
    CHECK(text.find("epoch 3/20  48000/48000  ") == 0);
    CHECK(text.find(" images/s  0:00  loss 0.0612\n") != std::string::npos);
    CHECK(text.find("loss 2.3") == std::string::npos);
}

TEST_CASE("progress: what was done before counts as done but not for the rate") {
    std::ostringstream out;
    ProgressBar progress("epoch 3/20", 48000, "images", ProgressMode::Lines, out, 48000);
    progress.finish("");
    CHECK(out.str() == "epoch 3/20  48000/48000  0 images/s  0:00\n");
}

TEST_CASE("progress: quiet means not a byte") {
    std::ostringstream out;
    ProgressBar progress("epoch 3/20", 10, "images", ProgressMode::Quiet, out);
    progress.update(5, "loss 2.3");
    progress.finish("loss 0.0612");
    CHECK(out.str().empty());
}

TEST_CASE("progress: a bar leaves the same last line as a log") {
    std::ostringstream out;
    ProgressBar progress("{epoch}", 10, "images", ProgressMode::Bar, out);
    progress.finish("loss 0.0612");
    const std::string text = out.str();
    const std::string last = text.substr(text.find_last_of('\033'));
    CHECK(last.find("[K{epoch}  10/10  ") == 1);
    CHECK(last.find("loss 0.0612\n") != std::string::npos);
}

TEST_CASE("progress: a bar that is never finished ends with its object") {
    std::ostringstream out;
    {
        ProgressBar progress("download", 10, "bytes", ProgressMode::Bar, out);
        progress.update(3, "");
    }
    CHECK(out.str().back() == '\n');
}

TEST_CASE("progress: a hidden bar is gone, and what ends it still comes, once") {
    std::ostringstream out;
    ProgressBar progress("epoch 3/20", 10, "images", ProgressMode::Bar, out);
    progress.hide();
    const std::string hidden = out.str();
    CHECK(hidden.ends_with("\033[A\r\033[K"));
    progress.update(5, "loss 2.3");
    CHECK(out.str() == hidden);
    progress.finish("loss 0.0612");
    const std::string rest = out.str().substr(hidden.size());
    CHECK(rest.find("epoch 3/20  10/10  ") == 0);
    CHECK(rest.ends_with("  loss 0.0612\n"));
    CHECK(rest.find('\033') == std::string::npos);
}

TEST_CASE("progress: bytes are written in units that fit them") {
    const auto line = [](std::size_t total) {
        std::ostringstream out;
        ProgressBar("file", total, "bytes", ProgressMode::Lines, out).finish("");
        return out.str();
    };
    CHECK(line(512).find("file  512 B of 512 B  ") == 0);
    CHECK(line(28881).find("file  28.9 kB of 28.9 kB  ") == 0);
    CHECK(line(999999).find("file  1.0 MB of 1.0 MB  ") == 0);
    CHECK(line(9912422).find("file  9.9 MB of 9.9 MB  ") == 0);
    CHECK(line(9912422).ends_with("B/s  0:00\n"));
}

TEST_CASE("progress: of an unknown total only what is done is told") {
    for (const ProgressMode mode : {ProgressMode::Lines, ProgressMode::Bar}) {
        std::ostringstream out;
        ProgressBar progress("file", 0, "bytes", mode, out);
        progress.update(1500, "");
        progress.finish("");
        const std::string text = out.str();
        CHECK(text.find("file  1.5 kB  ") != std::string::npos);
        CHECK(text.ends_with("B/s  0:00\n"));
        CHECK(text.find(" of ") == std::string::npos);
    }
}

} // namespace
} // namespace lamina
