/// The events of a training as lines of JSON, for whoever follows or draws it while it runs:
///     {"event": "batch_end", "time": 1764288000.250, "epoch": 0, "batch": 12, ...}
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>

#include "lamina/plugin/callback.hpp"

namespace lamina::plugin {

class JsonLog {
  public:
    explicit JsonLog(const Config& config)
        : name_(config.string("file")), batches_(config.boolean("batches")),
          file_(std::fopen(name_.c_str(), config.boolean("append") ? "ae" : "we")) {
        if (file_ == nullptr)
            fail();
    }

    void notify(std::string_view event, std::string_view data) {
        if (event == "batch_end" && !batches_)
            return;
        using Seconds = std::chrono::duration<double>;
        const double now = Seconds(std::chrono::system_clock::now().time_since_epoch()).count();
        const std::string_view rest = data.substr(1); // behind the object's brace
        const bool empty = rest.find('"') == std::string_view::npos;
        std::fprintf(file_.get(), "{\"event\":\"%.*s\",\"time\":%.3f%s%.*s\n",
                     static_cast<int>(event.size()), event.data(), now, empty ? "" : ",",
                     static_cast<int>(rest.size()), rest.data());
        // A line at a time, so that what reads along sees it, and a crash loses none.
        if (std::fflush(file_.get()) != 0)
            fail();
    }

  private:
    [[noreturn]] void fail() const {
        throw Error(LM_IO, "file " + name_ + " cannot be written: " + std::strerror(errno));
    }
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };

    std::string name_;
    bool batches_;
    std::unique_ptr<std::FILE, Close> file_;
};

LAMINA_CALLBACK(json_log, JsonLog, R"({
    "file": {"type": "string", "required": true, "example": "/dev/null"},
    "append": {"type": "bool", "default": false,
               "doc": "behind what the file holds, as for a resumed run"},
    "batches": {"type": "bool", "default": true, "doc": "a line for each batch, too"}})",
                "the events of a training as lines of JSON in a file")

} // namespace lamina::plugin
