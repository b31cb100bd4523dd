#include "model/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"
#include "model/memory_advice.hpp"
#include "model/step_queue.hpp"
#include "model/tracer.hpp"

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

/// As the command line writes it: "sgd:momentum=0.9".
std::string part_text(const Json& part) {
    const auto [name, config] = part_spec(part);
    std::string text = name;
    for (const auto& [key, value] : config.items())
        text += fmt::format("{}{}={}", text.size() == name.size() ? ':' : ',', key, value.dump());
    return text;
}

/// Throws UsageError for a schedule that does not start from the optimizer's own rate: lowering
/// that would change nothing.
void expect_reducible(const Json& optimizer) {
    const Json config = part_spec(optimizer).second;
    if (!config.contains("learning_rate") || !config.at("learning_rate").is_object())
        return;
    const auto [name, own] = part_spec(config.at("learning_rate"));
    const bool has_rates = own.contains("initial_learning_rate") || own.contains("values");
    if (has_rates)
        throw UsageError(fmt::format("--reduce-on-plateau: the learning rate is what the schedule "
                                     "{} states; let it start from the optimizer's, or leave one "
                                     "of the two out",
                                     name));
}

} // namespace

Trainer::Trainer(Model& model, Model::State& state, std::shared_ptr<Dataset> data,
                 const FitOptions& options)
    : model_(model), state_(state), data_(std::move(data)), options_(options) {}

SampleFormat Trainer::format() const { return sample_format(*data_, options_.augmenter.get()); }

double Trainer::learning_rate() const {
    return state_.learning_rate.value_or(state_.stated_learning_rate);
}

bool Trainer::interrupted() const {
    return options_.interrupted != nullptr && *options_.interrupted != 0;
}

FitResult Trainer::run() {
    state_.history = {};
    try {
        run_epochs();
    } catch (const Error& e) {
        if (e.code() != StatusCode::DeviceLost)
            throw;
        const std::string& last = result_.checkpoint.empty() ? options_.resume : result_.checkpoint;
        fail(e.code(),
             last.empty()
                 ? fmt::format("{}\n  no checkpoint had been written; --checkpoint-dir FOLDER "
                               "writes one after every epoch",
                               e.what())
                 : fmt::format("{}\n  the last checkpoint is whole; go on with --resume {}",
                               e.what(), last));
    }
    result_.history = state_.history;
    return std::move(result_);
}

void Trainer::run_epochs() {
    split_samples();
    expect_fitting(model_, *data_);
    model_.name_classes(*data_);
    if (state_.training.check_finite != options_.check_finite)
        state_.forget_programs();
    state_.training.check_finite = options_.check_finite;
    const StepGraph step = state_.build(Mode::Train, options_.batch_size, format());
    expect_reported(step);
    if (!options_.checkpoint_dir.empty())
        checkpoints_ = CheckpointFolder(options_.checkpoint_dir);
    if (!options_.resume.empty())
        resume(step.graph);
    with_memory_advice(state_, Mode::Train, options_.batch_size, format(),
                       [&] { state_.initialize(step.graph, options_.seed); });
    state_.drop_waiting_slots();
    state_.compiled(Mode::Train, options_.batch_size, format()); // before any time is taken
    if (options_.augmenter)
        options_.augmenter->fit(*data_);
    last_checkpoint_ = now();
    tell([&](Callback& c) { return c.train_begin(first_epoch_, options_.epochs); });
    result_.interrupted = stop_asked();
    for (int epoch = first_epoch_; !result_.interrupted && epoch < options_.epochs; ++epoch) {
        EpochRecord record;
        record.epoch = epoch;
        if (!train_epoch(epoch, record))
            break;
        if (!validate(record) || !after_epoch(record))
            break;
    }
    if (result_.interrupted && !interrupted())
        result_.stopped_by = stopped_by_;
    if (!result_.interrupted || !result_.stopped_by.empty())
        restore_best_weights();
    for (const auto& c : options_.callbacks)
        c->train_end();
}

void Trainer::tell(const std::function<bool(Callback&)>& event) {
    for (const auto& c : options_.callbacks)
        if (!event(*c) && stopped_by_.empty())
            stopped_by_ = c->stop_reason();
}

bool Trainer::may_lag() const {
    return !options_.check_finite &&
           std::all_of(options_.callbacks.begin(), options_.callbacks.end(),
                       [](const auto& c) { return c->may_lag(); });
}

void Trainer::split_samples() {
    const int64_t all = data_->size(Split::Train);
    if (options_.train_limit < 0 || options_.train_limit > all)
        throw UsageError(fmt::format("--train-limit {}: {} has {} training samples",
                                     options_.train_limit, data_->name(), all));
    const int64_t n = options_.train_limit > 0 ? options_.train_limit : all;
    const auto held_out = static_cast<int64_t>(static_cast<double>(n) * options_.validation_split);
    if (options_.validation_split > 0 && held_out == 0)
        throw UsageError(fmt::format("--validation-split {}: of {} training samples none is left "
                                     "to validate on",
                                     options_.validation_split, n));
    // Keras holds out the last fraction, before any shuffle.
    training_ = range(0, n - held_out);
    validation_ = range(n - held_out, n);
    if (options_.validate_on_test) {
        if (held_out > 0)
            throw UsageError(
                "validation on the test split and a validation split exclude each other");
        validation_ = range(0, data_->size(Split::Test));
    }
    if (options_.batch_size > static_cast<int64_t>(training_.size()))
        throw UsageError(fmt::format("--batch-size {} is larger than the {} training samples",
                                     options_.batch_size, training_.size()));
}

/// What could only fail after the first epoch is checked before it.
void Trainer::expect_reported(const StepGraph& step) {
    std::vector<std::string> reported{"loss"};
    for (const MetricOutput& m : step.metrics) {
        if (!m.mean)
            throw UsageError(fmt::format("--metrics {}: a table, not a value for each epoch; ask "
                                         "`lamina evaluate` for it",
                                         m.name));
        reported.push_back(m.name);
    }
    if (!validation_.empty())
        for (size_t i = 0, n = reported.size(); i < n; ++i)
            reported.push_back("val_" + reported[i]);
    best_model_ = Monitor(resolved({}, reported));
    if (options_.early_stopping) {
        EarlyStopping own = *options_.early_stopping;
        static_cast<Monitored&>(own) = resolved(own, reported);
        stopper_ = EarlyStopper(own);
    }
    if (options_.reduce_on_plateau) {
        ReduceOnPlateau own = *options_.reduce_on_plateau;
        static_cast<Monitored&>(own) = resolved(own, reported);
        expect_reducible(state_.training.optimizer);
        reducer_ = PlateauReducer(own);
    }
}

/// With the name of what is watched, which must be among those reported.
Monitored Trainer::resolved(Monitored monitored, const std::vector<std::string>& reported) const {
    std::string& name = monitored.monitor;
    if (name.empty())
        name = !options_.monitor.empty() ? options_.monitor
               : validation_.empty()     ? "loss"
                                         : "val_loss";
    if (std::find(reported.begin(), reported.end(), name) == reported.end())
        throw UsageError(
            fmt::format("--monitor {}: training reports no such value{}; it reports {}", name,
                        did_you_mean(name, reported), join(reported, ", ")));
    return monitored;
}

std::map<std::string, Tensor> Trainer::step_inputs(const Batch& batch, int epoch,
                                                   int64_t first_sample) const {
    const auto steps = static_cast<int64_t>(state_.iterations);
    return {{"x", batch.x},
            {"y", batch.y},
            {"learning_rate", Tensor::scalar(static_cast<float>(learning_rate()))},
            {"iterations", Tensor::scalar(static_cast<float>(steps))},
            {"epoch", Tensor::scalar(static_cast<float>(epoch))},
            {"rng_state", Tensor::from(std::vector<int64_t>{static_cast<int64_t>(options_.seed),
                                                            steps, first_sample})}};
}

bool Trainer::train_epoch(int epoch, EpochRecord& record) {
    const double begin = now();
    auto order = options_.shuffle ? shuffled(training_, options_.seed, static_cast<uint64_t>(epoch))
                                  : training_;
    const auto total = static_cast<int64_t>(order.size());
    const int64_t skip = epoch == first_epoch_ ? first_batch_ : 0;
    const int64_t seen = std::min(skip * options_.batch_size, total);
    order.erase(order.begin(), order.begin() + seen);
    DataLoader::Options loading;
    loading.batch_size = options_.batch_size;
    loading.workers = options_.workers;
    loading.augmenter = options_.augmenter;
    loading.seed = options_.seed;
    loading.epoch = static_cast<uint64_t>(epoch);
    DataLoader loader(data_, std::move(order), loading);
    if (epoch != first_epoch_)
        means_ = {};
    tell([&](Callback& c) { return c.epoch_begin({epoch, batches(), seen, total}); });
    if (stop_asked()) {
        result_.interrupted = true;
        write_checkpoint(epoch, skip);
        return false;
    }
    StepQueue steps(!may_lag());
    Batch batch;
    for (int64_t b = skip; !result_.interrupted && loader.next(batch); ++b) {
        if (batch.size() != options_.batch_size)
            steps.settle(); // another program, which may need the memory of the runs under way
        const CompiledStep step = state_.compiled(Mode::Train, batch.size(), format());
        const auto inputs = step_inputs(batch, epoch, b * options_.batch_size);
        const uint64_t number = ++state_.iterations;
        const int64_t n = batch.size();
        result_.samples += static_cast<uint64_t>(n);
        const auto ended = [&, b, n, number, metrics = step.metrics](const auto& outputs) {
            if (options_.check_finite)
                expect_finite(outputs, number);
            means_.add(outputs, metrics, static_cast<double>(n));
            if (const auto rate = outputs.find("scheduled_learning_rate"); rate != outputs.end())
                scheduled_rate_ = scalar(rate->second);
            const Values means = means_.means();
            tell([&](Callback& c) {
                return c.batch_end({epoch, b, batches(), number,
                                    static_cast<int64_t>(means_.samples), now() - begin, means});
            });
        };
        steps.push(step.executable, inputs, ended);
        if (b + 1 == batches())
            break; // validation comes first
        result_.interrupted = stop_asked() || interrupted();
        const bool due = options_.checkpoint_minutes > 0 &&
                         now() - last_checkpoint_ > 60 * options_.checkpoint_minutes;
        if (!result_.interrupted && !due)
            continue;
        steps.settle();
        write_checkpoint(epoch, b + 1);
    }
    steps.settle();
    record.seconds = now() - begin;
    record.values = means_.means();
    result_.seconds += record.seconds;
    waited_ += loader.waited();
    result_.waiting_share = waited_ / result_.seconds;
    return !result_.interrupted;
}

void Trainer::expect_finite(const std::map<std::string, Tensor>& outputs, uint64_t step) {
    // By name they stand in the order in which the step computes them, so that the first one is
    // where it began.
    for (const auto& [name, value] : outputs) {
        if (!name.starts_with("finite ") || scalar(value) != 0)
            continue;
        const std::string what = name.substr(name.find(' ', 7) + 1);
        fail(StatusCode::InvalidArgument,
             fmt::format("--check-finite: {} is not finite at step {}\n  hint: a smaller learning "
                         "rate, or clipping: --optimizer adam:clipnorm=1",
                         what, step));
    }
}

bool Trainer::validate(EpochRecord& record) {
    if (validation_.empty())
        return true;
    const auto tell = [&](int64_t samples, int64_t total, const Values& means) {
        for (const auto& c : options_.callbacks)
            c->validation_batch_end({record.epoch, samples, total, means});
        return !interrupted();
    };
    std::optional<Evaluation> evaluation;
    if (!interrupted())
        evaluation = evaluate_samples(
            state_,
            {data_, options_.validate_on_test ? Split::Test : Split::Train, validation_,
             options_.augmenter ? options_.augmenter->normalizations() : nullptr},
            options_.batch_size, tell);
    if (!evaluation) {
        result_.interrupted = true;
        write_checkpoint(record.epoch, batches());
        return false;
    }
    for (const auto& [name, value] : evaluation->means)
        record.values.emplace_back("val_" + name, value);
    return true;
}

bool Trainer::after_epoch(EpochRecord& record) {
    record.values.emplace_back("learning_rate", scheduled_rate_.value_or(learning_rate()));
    state_.history.epochs.push_back(record);
    const auto value = [&](const Monitor& monitor) { return *find(record.values, monitor.name()); };
    if (best_model_.improves(value(best_model_)) && !options_.save_best.empty())
        model_.save(options_.save_best);
    if (stopper_ && stopper_->improves(record.epoch, value(stopper_->monitor())) &&
        stopper_->restores_best_weights())
        keep_best_weights();
    if (reducer_) {
        const double rate = reducer_->rate_after(value(reducer_->monitor()), learning_rate());
        if (rate != learning_rate())
            state_.learning_rate = rate;
    }
    means_ = {};
    // A signal from here on ends the next epoch's first batch, with a checkpoint of that.
    const bool ended = interrupted();
    write_checkpoint(record.epoch + 1, 0);
    tell([&](Callback& c) { return c.epoch_end(record); });
    result_.interrupted = (stop_asked() || ended) && record.epoch + 1 < options_.epochs;
    return !result_.interrupted && !(stopper_ && stopper_->exhausted(record.epoch));
}

void Trainer::keep_best_weights() {
    for (const Variable& v : state_.model_variables())
        best_weights_[v.name] = state_.value_of(v.name);
}

void Trainer::restore_best_weights() {
    if (best_weights_.empty())
        return;
    for (const auto& [name, value] : best_weights_)
        state_.set_waiting(name, value);
    result_.restored_epoch = stopper_->standing().best_epoch;
}

Checkpoint Trainer::describe_run() const {
    std::vector<std::string> metrics;
    for (const Json& m : state_.training.metrics)
        metrics.push_back(part_text(m));
    Checkpoint c;
    c.scheduled_rate = scheduled_rate_;
    c.best = best_model_.best;
    if (stopper_)
        c.stopping = stopper_->standing();
    if (reducer_)
        c.reducing = reducer_->standing();
    c.best_weights = best_weights_;
    c.history = state_.history;
    const auto plan = state_.tuned_plan();
    c.settings = {
        {"--data", fmt::format("{} ({} samples)", data_->name(), data_->size(Split::Train))},
        {"--optimizer", part_text(state_.training.optimizer)},
        {"--loss", part_text(state_.training.loss)},
        {"--precision", name(state_.precision)},
        {"--tuned", plan ? "plan " + plan->hash() : "off"},
        {"--metrics", join(metrics, " ")},
        {"--seed", std::to_string(options_.seed)},
        {"--batch-size", std::to_string(options_.batch_size)},
        {"--train-limit", std::to_string(options_.train_limit)},
        {"--validation-split", fmt::format("{}", options_.validation_split)},
        {"--monitor", best_model_.name()},
        {"--augment", options_.augmenter ? options_.augmenter->text() : "off"},
        {"--no-shuffle", options_.shuffle ? "off" : "on"},
        {"--reduce-on-plateau", reducer_ ? to_text(reducer_->options()) : "off"}};
    if (stopper_) // patience may change
        c.settings.emplace_back("--early-stopping monitor", stopper_->monitor().name());
    return c;
}

int64_t Trainer::batches() const {
    const auto total = static_cast<int64_t>(training_.size());
    return (total + options_.batch_size - 1) / options_.batch_size;
}

void Trainer::write_checkpoint(int epoch, int64_t batch) {
    const std::string& folder = options_.checkpoint_dir.empty() && interrupted()
                                    ? options_.interrupt_dir
                                    : options_.checkpoint_dir;
    if (folder.empty())
        return;
    Checkpoint c = describe_run();
    c.epoch = epoch;
    c.batch = batch;
    c.samples = means_.samples;
    c.sums = means_.sums;
    result_.checkpoint = save_checkpoint(folder, state_, c);
    last_checkpoint_ = now();
}

void Trainer::resume(const Graph& graph) {
    const Checkpoint c = load_checkpoint(options_.resume, state_);
    const Checkpoint own = describe_run();
    for (const auto& given : own.settings) {
        const auto stored = std::find_if(c.settings.begin(), c.settings.end(),
                                         [&](const auto& s) { return s.first == given.first; });
        if (stored != c.settings.end() && stored->second != given.second)
            throw UsageError(
                fmt::format("--resume {}: the checkpoint was made with {} {}, this run has {}; "
                            "give the same for the same result",
                            options_.resume, given.first, stored->second, given.second));
    }
    for (const Variable& v : graph.variables())
        if (!state_.has_value(v.name))
            fail(StatusCode::InvalidArgument,
                 fmt::format("{}: the checkpoint lacks {}", options_.resume, v.name));
    if (c.epoch >= options_.epochs)
        throw UsageError(
            fmt::format("--resume {}: {} epochs are done already; ask for more with --epochs",
                        options_.resume, c.epoch));
    first_epoch_ = c.epoch;
    first_batch_ = c.batch;
    means_ = {c.samples, c.sums, {}};
    scheduled_rate_ = c.scheduled_rate;
    best_model_.best = c.best;
    if (reducer_ && c.reducing)
        reducer_->resume(*c.reducing);
    if (stopper_ && c.stopping)
        stopper_->resume(*c.stopping);
    if (stopper_ && stopper_->restores_best_weights())
        best_weights_ = c.best_weights;
    state_.history = c.history;
    if (stopper_ && stopper_->exhausted(first_epoch_ - 1))
        throw UsageError(fmt::format("--resume {}: training had stopped early, {} epochs after the "
                                     "best; go on with a larger --early-stopping",
                                     options_.resume, stopper_->standing().wait));
}

FitResult Model::fit(const std::shared_ptr<Dataset>& data, const FitOptions& options) {
    return Trainer(*this, *state_, data, options).run();
}

} // namespace lamina
