#include "downloads.hpp"

#include "lamina/fetch.hpp"

namespace lamina::cli {

Downloads::Downloads(ProgressMode mode) : mode_(mode) {
    set_download_progress([this](const std::string& url, uint64_t done, uint64_t total) {
        return show(url, done, total);
    });
}

Downloads::~Downloads() { set_download_progress({}); }

void Downloads::finish() {
    if (bar_)
        bar_->finish("");
    bar_.reset();
}

bool Downloads::show(const std::string& url, uint64_t done, uint64_t total) {
    if (!signals_)
        signals_.emplace(); // before any download, Ctrl-C is what it always is
    if (url != url_)
        finish();
    url_ = url;
    if (!bar_ && (done > 0 || total > 0)) // sooner, the total is not known
        bar_.emplace("downloading " + url.substr(url.rfind('/') + 1), total, "bytes", mode_);
    if (bar_)
        bar_->update(done, "");
    return end_asked() == 0;
}

} // namespace lamina::cli
