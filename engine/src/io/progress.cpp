#include "lamina/progress.hpp"

#define BARKEEP_ENABLE_FMT_FORMAT
#include <barkeep/barkeep.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace lamina {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr Seconds kRedrawEvery{0.1};
constexpr Seconds kLineEvery{30};
constexpr std::size_t kBarWidth = 30; // fixed by barkeep
/// Columns from which on "epoch 12/20" and "2310 images/s" need not be shortened: a bar of 30, 11
/// and 54 for the text.
constexpr std::size_t kRoomy = 100;
constexpr std::string_view kEraseLineAbove = "\033[A\r\033[K";

std::string clock_text(double seconds) {
    const long whole = std::lround(seconds);
    return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                        : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::size_t terminal_columns() {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value != nullptr && *value != '\0') {
            const std::string_view locale = value;
            return locale.find("UTF-8") != std::string_view::npos ||
                   locale.find("utf8") != std::string_view::npos;
        }
    }
    return false;
}

/// The braces of `text` doubled, as a format string wants them.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        result.append(c == '{' || c == '}' ? 2 : 1, c);
    }
    return result;
}

/// "5.2 MB", in powers of a thousand as disks and networks are measured.
std::string bytes_text(double count) {
    constexpr std::array<const char*, 4> units{"B", "kB", "MB", "GB"};
    std::size_t unit = 0;
    while (count >= 999.95 && unit + 1 < units.size()) {
        count /= 1000;
        ++unit;
    }
    return fmt::format("{:.{}f} {}", count, unit == 0 ? 0 : 1, units[unit]);
}

/// Every run of spaces as one.
std::string squeezed(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c != ' ' || (!result.empty() && result.back() != ' ')) {
            result += c;
        }
    }
    return result;
}

std::string joined(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts) {
        if (!part.empty()) {
            text += text.empty() ? "" : "  ";
            text += part;
        }
    }
    return text;
}

} // namespace

class ProgressBar::Display {
  public:
    Display(std::string label, std::size_t total, std::string unit, ProgressMode mode,
            std::ostream& out, std::size_t before)
        : label_(std::move(label)), unit_(std::move(unit)), total_(total), before_(before),
          mode_(mode), out_(out), done_(before) {
        if (mode_ == ProgressMode::Bar) {
            show_bar();
        }
    }

    ~Display() {
        if (bar_) {
            bar_->done();
        }
    }

    Display(const Display&) = delete;
    Display& operator=(const Display&) = delete;

    void update(std::size_t done, std::string_view note) {
        done_ = done;
        const Clock::time_point now = Clock::now();
        const Seconds pause = mode_ == ProgressMode::Bar ? kRedrawEvery : kLineEvery;
        if (mode_ == ProgressMode::Quiet || stopped_ || now - last_shown_ < pause) {
            return;
        }
        last_shown_ = now;
        const std::string time = time_left();
        mode_ == ProgressMode::Bar ? show_text(time, note)
                                   : show_line(time.empty() ? "" : time + " left", note);
    }

    void hide() {
        stopped_ = stopped_.value_or(Clock::now());
        if (bar_) {
            bar_->done();
            out_ << kEraseLineAbove << std::flush;
            bar_.reset();
        }
    }

    void finish(std::string_view note) {
        if (total_ > 0) {
            done_ = total_;
        }
        if (mode_ == ProgressMode::Quiet) {
            return;
        }
        hide();
        show_line(clock_text(elapsed()), note);
    }

  private:
    void show_bar() {
        if (const std::size_t space = label_.find(' ');
            terminal_columns() < kRoomy && space != std::string::npos) {
            bar_label_ = label_.substr(space + 1);
        }
        // The rate is our own: barkeep's takes progress to come one at a time, ours comes by
        // batches.
        std::vector<std::shared_ptr<barkeep::BaseDisplay>> parts;
        if (total_ > 0) {
            parts.push_back(
                barkeep::ProgressBar(&done_, {.out = &out_,
                                              .total = total_,
                                              .format = escaped(bar_label_) + " {bar}",
                                              .style = line_ ? barkeep::Line : barkeep::Bars,
                                              .interval = kRedrawEvery.count(),
                                              .show = false}));
        }
        text_ = barkeep::Status({.out = &out_,
                                 .message = total_ > 0 ? "" : bar_label_,
                                 .style = barkeep::Strings{""},
                                 .interval = kRedrawEvery.count(),
                                 .show = false});
        parts.push_back(text_);
        bar_ = barkeep::Composite(parts, "");
        bar_->show();
    }

    void show_line(std::string_view time, std::string_view note) {
        out_ << label_ << "  " << joined({count(), speed(), time, note}) << std::endl;
    }

    void show_text(const std::string& time, std::string_view note) {
        if (total_ == 0) {
            text_->message(fitting({joined({bar_label_, count(), speed(), note}),
                                    joined({bar_label_, count(), speed()}),
                                    joined({bar_label_, count()}), count()}));
            return;
        }
        const std::string left = time + " left";
        text_->message(
            fitting({joined({count(), speed(), left, note}), joined({speed(), left, note}),
                     fmt::format("{}/s {} {}", amount(rate()), time, squeezed(note)),
                     fmt::format("{} {}", time, squeezed(note))}));
    }

    /// The first of `texts` that fits behind the bar, or without one on the line; the last, cut,
    /// when none does.
    std::string fitting(const std::array<std::string, 4>& texts) const {
        // Bars have two ends, a line has none; barkeep puts two spaces behind the text.
        const std::size_t taken =
            2 + (total_ == 0 ? 0 : bar_label_.size() + 1 + kBarWidth + (line_ ? 0 : 2) + 1);
        const std::size_t columns = terminal_columns();
        const std::size_t room = columns > taken ? columns - taken : 0;
        for (const std::string& text : texts) {
            if (text.size() <= room) {
                return text;
            }
        }
        return texts.back().substr(0, room);
    }

    bool in_bytes() const { return unit_ == "bytes"; }
    std::string amount(double value) const {
        return in_bytes() ? bytes_text(value) : fmt::format("{:.0f}", value);
    }
    std::string count() const {
        const auto done = static_cast<double>(done_.load());
        return amount(done) +
               (total_ > 0 ? (in_bytes() ? " of " : "/") + amount(static_cast<double>(total_))
                           : "");
    }
    std::string speed() const { return amount(rate()) + (in_bytes() ? "/s" : " " + unit_ + "/s"); }
    /// Empty where nobody knows.
    std::string time_left() const {
        if (total_ == 0) {
            return "";
        }
        return clock_text(rate() > 0 ? static_cast<double>(total_ - done_) / rate() : 0);
    }
    double elapsed() const { return Seconds(stopped_.value_or(Clock::now()) - start_).count(); }
    double rate() const { return static_cast<double>(done_ - before_) / std::max(elapsed(), 1e-9); }

    std::string label_;
    std::string bar_label_ = label_; // on a narrow terminal without its first word
    bool line_ = speaks_utf8();
    std::string unit_;
    std::size_t total_;
    std::size_t before_;
    ProgressMode mode_;
    std::ostream& out_;
    std::atomic<std::size_t> done_; // read by barkeep's thread
    Clock::time_point start_ = Clock::now();
    Clock::time_point last_shown_ = start_;
    std::optional<Clock::time_point> stopped_;
    std::shared_ptr<barkeep::StatusDisplay> text_;
    std::shared_ptr<barkeep::CompositeDisplay> bar_;
};

ProgressMode progress_mode_for_stderr() {
    return isatty(STDERR_FILENO) != 0 ? ProgressMode::Bar : ProgressMode::Lines;
}

ProgressBar::ProgressBar(std::string label, std::size_t total, std::string unit, ProgressMode mode,
                         std::ostream& out, std::size_t before)
    : display_(
          std::make_unique<Display>(std::move(label), total, std::move(unit), mode, out, before)) {}

ProgressBar::ProgressBar(std::string label, std::size_t total, std::string unit, ProgressMode mode,
                         std::size_t before)
    : ProgressBar(std::move(label), total, std::move(unit), mode, std::cerr, before) {}

ProgressBar::~ProgressBar() = default;
ProgressBar::ProgressBar(ProgressBar&&) noexcept = default;
ProgressBar& ProgressBar::operator=(ProgressBar&&) noexcept = default;

void ProgressBar::update(std::size_t done, std::string_view note) { display_->update(done, note); }

void ProgressBar::hide() { display_->hide(); }

void ProgressBar::finish(std::string_view note) { display_->finish(note); }

} // namespace lamina
