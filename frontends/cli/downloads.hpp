#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "interrupt.hpp"
#include "lamina/progress.hpp"

namespace lamina::cli {

/// Shows what data sets and published weights download while it lives, a bar for each file; Ctrl-C
/// ends it.
class Downloads {
  public:
    explicit Downloads(ProgressMode mode);
    ~Downloads();
    Downloads(const Downloads&) = delete;
    Downloads& operator=(const Downloads&) = delete;

    /// The one under way has ended well.
    void finish();

  private:
    bool show(const std::string& url, uint64_t done, uint64_t total);

    ProgressMode mode_;
    std::string url_;
    std::optional<ProgressBar> bar_;
    std::optional<EndOnSignals> signals_;
};

} // namespace lamina::cli
