#include "model/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"
#include "model/checkpoint.hpp"

namespace lamina {

namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::vector<int64_t> range(int64_t begin, int64_t end) {
    std::vector<int64_t> out(static_cast<size_t>(end - begin));
    std::iota(out.begin(), out.end(), begin);
    return out;
}

double scalar(const Tensor& t) { return static_cast<double>(t.cast(DType::F32).data<float>()[0]); }

} // namespace

void RunningMeans::add(const std::map<std::string, Tensor>& outputs,
                       const std::vector<MetricOutput>& metrics, double n) {
    if (sums.empty()) {
        sums.emplace_back("loss", 0.0);
        for (const MetricOutput& m : metrics)
            if (m.mean)
                sums.emplace_back(m.name, 0.0);
    }
    samples += n;
    for (auto& [name, sum] : sums)
        sum += n * scalar(outputs.at(name));
}

Values RunningMeans::means() const {
    Values out;
    for (const auto& [name, sum] : sums)
        out.emplace_back(name, sum / samples);
    return out;
}

Trainer::Trainer(Model& model, Model::State& state, std::shared_ptr<Dataset> data,
                 const FitOptions& options)
    : model_(model), state_(state), data_(std::move(data)), options_(options) {}

SampleFormat Trainer::format() const {
    return {options_.augmentations.empty() ? data_->sample().dtype : DType::F32, data_->scale(),
            data_->shift()};
}

void Trainer::prepare() {
    const int64_t all = data_->size(Split::Train);
    if (options_.train_limit < 0 || options_.train_limit > all)
        throw UsageError(fmt::format("--train-limit {}: {} has {} training samples",
                                     options_.train_limit, data_->name(), all));
    const int64_t n = options_.train_limit > 0 ? options_.train_limit : all;
    const auto held_out = static_cast<int64_t>(static_cast<double>(n) * options_.validation_split);
    // Keras holds out the last fraction, before any shuffle.
    training_ = range(0, n - held_out);
    validation_ = range(n - held_out, n);
    if (options_.batch_size > static_cast<int64_t>(training_.size()))
        throw UsageError(fmt::format("--batch-size {} is larger than the {} training samples",
                                     options_.batch_size, training_.size()));
    if (const auto wanted = model_.input_shape(); Shape(wanted) != data_->sample().shape)
        throw ShapeError(
            fmt::format("model {} takes samples {}, data set {} has {}\n  hint: choose a model for "
                        "this size, or --input-shape where the model allows it",
                        model_.name(), Shape(wanted).to_string(), data_->name(),
                        data_->sample().shape.to_string()));
    if (data_->classes() > 0 && model_.classes() > 1 && data_->classes() > model_.classes())
        throw ShapeError(fmt::format("model {} tells {} classes apart, data set {} has {}",
                                     model_.name(), model_.classes(), data_->name(),
                                     data_->classes()));
    state_.training.check_finite = options_.check_finite;
}

FitResult Trainer::run() {
    prepare();
    const StepGraph step = state_.build(Mode::Train, options_.batch_size, format());
    expect_monitored(step);
    state_.initialize(step.graph, options_.seed);
    state_.stated_learning_rate = step.learning_rate;
    if (!options_.resume.empty())
        resume();
    started_ = last_checkpoint_ = now();
    for (const auto& c : options_.callbacks)
        c->train_begin(first_epoch_, options_.epochs);
    for (int epoch = first_epoch_; epoch < options_.epochs; ++epoch) {
        EpochRecord record;
        record.epoch = epoch;
        const bool whole = train_epoch(epoch, record);
        if (!whole)
            break;
        validate(record);
        if (!after_epoch(record))
            break;
    }
    for (const auto& c : options_.callbacks)
        c->train_end();
    return std::move(result_);
}

std::string Trainer::monitored() const {
    if (!options_.monitor.empty())
        return options_.monitor;
    return validation_.empty() ? "loss" : "val_loss";
}

/// Before the first epoch rather than after it.
void Trainer::expect_monitored(const StepGraph& step) const {
    std::vector<std::string> reported{"loss"};
    for (const MetricOutput& m : step.metrics)
        if (m.mean)
            reported.push_back(m.name);
    if (!validation_.empty())
        for (size_t i = 0, n = reported.size(); i < n; ++i)
            reported.push_back("val_" + reported[i]);
    const std::string monitor = monitored();
    if (std::find(reported.begin(), reported.end(), monitor) == reported.end())
        throw UsageError(
            fmt::format("--monitor {}: training reports no such value{}; it reports {}", monitor,
                        did_you_mean(monitor, reported), join(reported, ", ")));
}

bool Trainer::train_epoch(int epoch, EpochRecord& record) {
    const double begin = now();
    auto order = options_.shuffle ? shuffled(training_, options_.seed, static_cast<uint64_t>(epoch))
                                  : training_;
    const auto total = static_cast<int64_t>(order.size());
    const int64_t batches = (total + options_.batch_size - 1) / options_.batch_size;
    const int64_t skip = epoch == first_epoch_ ? first_batch_ : 0;
    order.erase(order.begin(), order.begin() + skip * options_.batch_size);
    DataLoader::Options loading;
    loading.batch_size = options_.batch_size;
    loading.workers = options_.workers;
    loading.augmentations = options_.augmentations;
    loading.seed = options_.seed;
    loading.epoch = static_cast<uint64_t>(epoch);
    DataLoader loader(data_, std::move(order), loading);
    for (const auto& c : options_.callbacks)
        c->epoch_begin(epoch, batches);
    RunningMeans running = epoch == first_epoch_ ? first_means_ : RunningMeans{};
    Batch batch;
    for (int64_t b = skip; loader.next(batch); ++b) {
        const CompiledStep step = state_.compiled(Mode::Train, batch.size(), format());
        const double rate = state_.learning_rate.value_or(state_.stated_learning_rate);
        const auto outputs = step.executable->run(
            {{"x", batch.x},
             {"y", batch.y},
             {"learning_rate", Tensor::scalar(static_cast<float>(rate))},
             {"iterations", Tensor::scalar(static_cast<float>(state_.iterations))},
             {"epoch", Tensor::scalar(static_cast<float>(epoch))},
             {"rng_state",
              Tensor::from(std::vector<int64_t>{static_cast<int64_t>(options_.seed),
                                                static_cast<int64_t>(state_.iterations),
                                                b * options_.batch_size})}});
        ++state_.iterations;
        result_.samples += static_cast<uint64_t>(batch.size());
        if (options_.check_finite)
            expect_finite(outputs);
        running.add(outputs, step.metrics, static_cast<double>(batch.size()));
        const Values means = running.means();
        bool go_on = options_.interrupted == nullptr || *options_.interrupted == 0;
        for (const auto& c : options_.callbacks)
            go_on = c->batch_end({epoch, b, batches, static_cast<int64_t>(running.samples),
                                  now() - begin, means}) &&
                    go_on;
        const bool last = b + 1 == batches;
        const bool due = options_.checkpoint_minutes > 0 &&
                         now() - last_checkpoint_ > 60 * options_.checkpoint_minutes;
        if (!last && (!go_on || due))
            write_checkpoint(epoch, b + 1, running);
        if (!last && !go_on) {
            result_.interrupted = true;
            result_.seconds += now() - begin;
            return false;
        }
    }
    record.seconds = now() - begin;
    const double waited_before = result_.waiting_share * result_.seconds;
    result_.seconds += record.seconds;
    result_.waiting_share = (waited_before + loader.waited()) / result_.seconds;
    record.values = running.means();
    return true;
}

void Trainer::expect_finite(const std::map<std::string, Tensor>& outputs) const {
    // In the order in which the step computes them, so that the first one named is where it began.
    for (const auto& [name, value] : outputs) {
        if (!name.starts_with("finite ") || scalar(value) != 0)
            continue;
        const std::string what = name.substr(name.find(' ', 7) + 1);
        fail(
            StatusCode::InvalidArgument,
            fmt::format("--check-finite: {} is not finite at step {} (the first NaN or infinity)\n "
                        " hint: a smaller learning rate, or clipping: --optimizer adam:clipnorm=1",
                        what, state_.iterations));
    }
    if (!std::isfinite(scalar(outputs.at("loss"))))
        fail(StatusCode::InvalidArgument,
             fmt::format("--check-finite: the loss is not finite at step {}", state_.iterations));
}

void Trainer::validate(EpochRecord& record) {
    if (validation_.empty())
        return;
    for (const auto& [name, value] :
         evaluate_samples(state_, data_, Split::Train, validation_, options_.batch_size))
        record.values.emplace_back("val_" + name, value);
}

bool Trainer::after_epoch(EpochRecord& record) {
    record.values.emplace_back("learning_rate",
                               state_.learning_rate.value_or(state_.stated_learning_rate));
    const std::string monitor = monitored();
    const double* value = find(record.values, monitor);
    const bool more_is_better = monitor.find("loss") == std::string::npos;
    const bool better = !has_best_ || (more_is_better ? *value > best_ : *value < best_);
    since_best_ = better ? 0 : since_best_ + 1;
    since_drop_ = better ? 0 : since_drop_ + 1;
    if (better) {
        best_ = *value;
        has_best_ = true;
        if (!options_.save_best.empty())
            model_.save(options_.save_best);
    }
    if (options_.reduce_on_plateau > 0 && since_drop_ >= options_.reduce_on_plateau) {
        state_.learning_rate =
            state_.learning_rate.value_or(state_.stated_learning_rate) * options_.reduce_factor;
        since_drop_ = 0;
    }
    result_.history.epochs.push_back(record);
    write_checkpoint(record.epoch + 1, 0, {});
    bool go_on = options_.early_stopping == 0 || since_best_ < options_.early_stopping;
    for (const auto& c : options_.callbacks)
        go_on = c->epoch_end(record) && go_on;
    if (options_.interrupted != nullptr && *options_.interrupted != 0 &&
        record.epoch + 1 < options_.epochs) {
        result_.interrupted = true;
        return false;
    }
    return go_on;
}

std::string Trainer::write_checkpoint(int epoch, int64_t batch, const RunningMeans& means) {
    const bool stopping = options_.interrupted != nullptr && *options_.interrupted != 0;
    const std::string& folder = options_.checkpoint_dir.empty() && stopping
                                    ? options_.interrupt_dir
                                    : options_.checkpoint_dir;
    if (folder.empty())
        return "";
    Checkpoint c;
    c.epoch = epoch;
    c.batch = batch;
    c.samples = means.samples;
    c.sums = means.sums;
    c.seed = options_.seed;
    c.batch_size = options_.batch_size;
    c.train_limit = options_.train_limit;
    c.validation_split = options_.validation_split;
    c.data = data_->name();
    c.best = best_;
    c.has_best = has_best_;
    c.since_best = since_best_;
    c.since_drop = since_drop_;
    c.history = result_.history;
    result_.checkpoint = save_checkpoint(folder, state_, c);
    last_checkpoint_ = now();
    return result_.checkpoint;
}

void Trainer::resume() {
    const Checkpoint c = load_checkpoint(options_.resume, state_);
    const auto same = [&](const char* what, auto stored, auto given) {
        if (stored != given)
            throw UsageError(
                fmt::format("--resume {}: the checkpoint was made with {} {}, this run has {}; "
                            "give the same for the same result",
                            options_.resume, what, stored, given));
    };
    same("--seed", c.seed, options_.seed);
    same("--batch-size", c.batch_size, options_.batch_size);
    same("--train-limit", c.train_limit, options_.train_limit);
    same("--validation-split", c.validation_split, options_.validation_split);
    same("--data", c.data, data_->name());
    if (c.epoch >= options_.epochs)
        throw UsageError(
            fmt::format("--resume {}: {} epochs are done already; ask for more with --epochs",
                        options_.resume, c.epoch));
    first_epoch_ = c.epoch;
    first_batch_ = c.batch;
    first_means_ = {c.samples, c.sums};
    best_ = c.best;
    has_best_ = c.has_best;
    since_best_ = c.since_best;
    since_drop_ = c.since_drop;
    result_.history = c.history;
    // Values that the checkpoint brought lie waiting until a graph asks for them.
    state_.initialize(state_.build(Mode::Train, options_.batch_size, format()).graph,
                      options_.seed);
}

Values evaluate_samples(Model::State& state, const std::shared_ptr<Dataset>& data, Split split,
                        const std::vector<int64_t>& indices, int64_t batch_size) {
    DataLoader::Options loading;
    loading.split = split;
    loading.batch_size = batch_size;
    DataLoader loader(data, indices, loading);
    const SampleFormat format{data->sample().dtype, data->scale(), data->shift()};
    RunningMeans running;
    Batch batch;
    while (loader.next(batch)) {
        const CompiledStep step = state.compiled(Mode::Evaluate, batch.size(), format);
        state.initialize(step.executable->graph(), 1);
        const auto outputs = step.executable->run({{"x", batch.x}, {"y", batch.y}});
        running.add(outputs, step.metrics, static_cast<double>(batch.size()));
    }
    return running.means();
}

FitResult Model::fit(const std::shared_ptr<Dataset>& data, const FitOptions& options) {
    return Trainer(*this, *state_, data, options).run();
}

Values Model::evaluate(const std::shared_ptr<Dataset>& data, Split split, int64_t batch_size) {
    return evaluate_samples(*state_, data, split, range(0, data->size(split)), batch_size);
}

} // namespace lamina
