#include "training_output.hpp"

#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "lamina/atomic_file.hpp"
#include "lamina/plot.hpp"
#include "lamina/text.hpp"

namespace lamina::cli {

namespace {

class Progress : public Callback {
  public:
    /// headline: what is said before the first epoch.
    Progress(ProgressMode mode, std::string headline)
        : mode_(mode), headline_(std::move(headline)) {}

    bool train_begin(int, int epochs) override {
        epochs_ = epochs;
        if (mode_ != ProgressMode::Quiet)
            std::cerr << headline_ << std::endl;
        return true;
    }
    bool epoch_begin(const EpochBegin& e) override {
        bar_.emplace(fmt::format("epoch {}/{}", e.epoch + 1, epochs_),
                     static_cast<size_t>(e.total_samples), "images", mode_,
                     static_cast<size_t>(e.samples));
        return true;
    }
    bool batch_end(const BatchEvent& e) override {
        bar_->update(static_cast<size_t>(e.samples), values_text(e.means));
        return true;
    }
    void validation_batch_end(const ValidationEvent& e) override {
        if (!validation_) {
            bar_->hide();
            validation_.emplace(fmt::format("validation {}/{}", e.epoch + 1, epochs_),
                                static_cast<size_t>(e.total_samples), "images", mode_);
        }
        validation_->update(static_cast<size_t>(e.samples), values_text(e.means));
    }
    bool epoch_end(const EpochRecord& record) override {
        if (validation_)
            validation_->hide();
        validation_.reset();
        bar_->finish(values_text(record.values));
        bar_.reset();
        return true;
    }
    void train_end() override {
        validation_.reset();
        bar_.reset();
    }
    bool may_lag() const override { return true; }

  private:
    ProgressMode mode_;
    std::string headline_;
    int epochs_ = 0;
    std::optional<ProgressBar> bar_, validation_;
};

} // namespace

std::shared_ptr<Callback> training_progress(ProgressMode mode, const std::string& headline) {
    return std::make_shared<Progress>(mode, headline);
}

void add_callback_option(Options& options) {
    options.add()("callback", po::value<std::vector<std::string>>()->composing(),
                  "a plugin's callback hears of the training: NAME[:key=value,...], "
                  "json_log:file=training.jsonl; see `lamina plugins --kind callback`; may be "
                  "given several times");
}

std::vector<std::shared_ptr<Callback>> open_callbacks(const std::vector<std::string>& specs) {
    std::vector<std::shared_ptr<Callback>> callbacks;
    for (const std::string& spec : specs) {
        expect_part("--callback", "callback", spec);
        callbacks.push_back(open_callback(spec));
    }
    return callbacks;
}

void write_history(const std::string& path, const History& history) {
    write_file(path, lower(path).ends_with(".json") ? history.to_json() : history.to_csv());
}

void draw_history(const std::string& path, const History& history) {
    TrainingCurves curves;
    for (const char* name : {"loss", "accuracy", "val_loss", "val_accuracy"})
        if (auto series = history.series(name); !series.empty())
            curves[name] = std::move(series);
    plot_history(curves, path);
}

} // namespace lamina::cli
