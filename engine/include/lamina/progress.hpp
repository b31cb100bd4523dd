#pragma once

#include "lamina/export.hpp"

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace lamina {

enum class ProgressMode {
    Bar,   ///< a bar that is drawn over itself, ten times a second
    Lines, ///< a line every half a minute and one at the end, as a log file wants it
    Quiet, ///< nothing
};

/// Bar when standard error is a terminal, else Lines.
LAMINA_API ProgressMode progress_mode_for_stderr();

/// Shows how far a long piece of work has come:
///
///     epoch 3/20 ━━━━━━━━━━━━╾───────────────── 20480/48000  2310 images/s  0:11  loss 0.0612
///
/// What does not fit on the terminal's line is left out, the least telling first. The display ends
/// with finish() or with the object; the last line stays.
class LAMINA_API ProgressBar {
  public:
    /// `label` stands before the bar ("epoch 3/20"), `unit` behind the rate ("images"); "bytes" are
    /// written as kB and MB. A total of 0 is not known: there is no bar and no time left then.
    /// `before` of the total were done before, and do not count for the rate. `out` must outlive
    /// the bar.
    ProgressBar(std::string label, std::size_t total, std::string unit, ProgressMode mode,
                std::ostream& out, std::size_t before = 0);
    /// On standard error.
    ProgressBar(std::string label, std::size_t total, std::string unit, ProgressMode mode,
                std::size_t before = 0);
    ~ProgressBar();
    ProgressBar(ProgressBar&&) noexcept;
    ProgressBar& operator=(ProgressBar&&) noexcept;

    /// `done` of the total is done; `note` ("loss 0.0612  accuracy 0.9812") stands at the line's
    /// end. Cheap enough to be called for every batch.
    void update(std::size_t done, std::string_view note);

    /// Takes the bar off the terminal and stops the clock; what finish() says may still come.
    void hide();

    /// Ends the display with the time that all took in place of the time left.
    void finish(std::string_view note);

  private:
    class Display;
    std::unique_ptr<Display> display_;
};

} // namespace lamina
