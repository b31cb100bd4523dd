#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "command.hpp"
#include "interrupt.hpp"
#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/paths.hpp"
#include "lamina/plot.hpp"
#include "lamina/text.hpp"
#include "training_output.hpp"

namespace lamina::cli {

namespace {

void add_options(Options& o) {
    o.add()("model", po::value<std::string>()->required(), "a name of the zoo, or a model file");
    add_data_options(o);
    add_augment_option(o, "changes to the training samples, drawn anew in each epoch: "
                          "rotation=40,width_shift=0.2,height_shift=0.2,zoom=0.2,horizontal_flip; "
                          "see `lamina augment --help`");
    o.add()("backend", po::value<std::string>()->default_value("openblas"),
            "NAME[:key=value,...], see `lamina devices`")("weights", po::value<std::string>(),
                                                          "start from the weights of this file")(
        "epochs", po::value<int>()->default_value(5), "how many times to go through the data")(
        "batch-size", po::value<int64_t>()->default_value(128), "samples a step")(
        "optimizer", po::value<std::string>(),
        "NAME[:key=value,...]: adam:learning_rate=0.002; default: what the model's file goes on "
        "with, else adam")("schedule", po::value<std::string>(),
                           "of the learning rate: NAME[:key=value,...], see `lamina plugins --kind "
                           "schedule`")(
        "loss", po::value<std::string>(),
        "default: what the model's file says, else categorical_crossentropy")(
        "metrics", po::value<std::vector<std::string>>()->multitoken(),
        "default: accuracy")("validation-split", po::value<double>()->default_value(0),
                             "share of the training samples to validate on")(
        "train-limit", po::value<int64_t>()->default_value(0),
        "use only the first so many training samples")(
        "seed", po::value<int64_t>()->default_value(1), "of the weights, the shuffle and dropout")(
        "no-shuffle", po::bool_switch(), "take the samples in the file's order")(
        "check-finite", po::bool_switch(), "stop at the first NaN or infinity and name the layer")(
        "workers", po::value<int>()->default_value(1),
        "threads that prepare and augment batches ahead of the step")(
        "early-stopping", po::value<std::string>(),
        "stop after so many epochs without improvement: 5, or patience=5 with min_delta=D, "
        "baseline=B, start_from_epoch=N, restore_best_weights=true, monitor=NAME, "
        "mode=auto|min|max")(
        "reduce-on-plateau", po::value<std::string>(),
        "go on with a tenth of the learning rate after so many: 5, or patience=5 with factor=F, "
        "min_delta=D, cooldown=N, min_lr=R, monitor=NAME, mode=auto|min|max")(
        "monitor", po::value<std::string>()->default_value(""),
        "the value that has to improve (default: val_loss, else loss)")(
        "save", po::value<std::string>(), "write the trained model here (.h5)")(
        "save-best", po::value<std::string>(), "write the best model so far here")(
        "checkpoint-dir", po::value<std::string>(), "write a checkpoint here after every epoch")(
        "checkpoint-minutes", po::value<double>()->default_value(0), "and every so many minutes")(
        "resume", po::value<std::string>(), "go on from this checkpoint or folder of checkpoints")(
        "history", po::value<std::string>(), "write the epochs' values here (.csv or .json)")(
        "plot", po::value<std::string>(), "draw accuracy and loss here (.png or .svg)");
    add_callback_option(o);
    add_progress_options(o);
    add_backend_options(o);
    o.positional("model", 1);
}

FitOptions fit_options(const Options& o) {
    FitOptions f;
    f.epochs = o.get<int>("epochs");
    f.batch_size = o.get<int64_t>("batch-size");
    f.validation_split = o.get<double>("validation-split");
    f.train_limit = o.get<int64_t>("train-limit");
    expect_at_least<int64_t>("seed", o.get<int64_t>("seed"), 0);
    f.seed = static_cast<uint64_t>(o.get<int64_t>("seed"));
    f.shuffle = !o.flag("no-shuffle");
    f.check_finite = o.flag("check-finite");
    f.workers = o.get<int>("workers");
    if (o.has("early-stopping"))
        f.early_stopping = EarlyStopping::parse(o.text("early-stopping"));
    if (o.has("reduce-on-plateau"))
        f.reduce_on_plateau = ReduceOnPlateau::parse(o.text("reduce-on-plateau"));
    f.monitor = o.text("monitor");
    f.save_best = o.text("save-best");
    f.checkpoint_dir = o.text("checkpoint-dir");
    f.checkpoint_minutes = o.get<double>("checkpoint-minutes");
    f.resume = o.text("resume");
    expect_at_least("epochs", f.epochs, 1);
    expect_at_least<int64_t>("batch-size", f.batch_size, 1);
    expect_at_least<int64_t>("train-limit", f.train_limit, 0);
    expect_at_least("workers", f.workers, 1);
    expect_at_most("workers", f.workers, 256);
    expect_at_least("checkpoint-minutes", f.checkpoint_minutes, 0.0);
    if (!(f.validation_split >= 0 && f.validation_split < 1))
        throw UsageError(fmt::format("--validation-split must be at least 0 and below 1, got {}",
                                     f.validation_split));
    if (f.checkpoint_dir.empty() && is_folder(f.resume))
        f.checkpoint_dir = f.resume;
    if (f.checkpoint_minutes > 0 && f.checkpoint_dir.empty())
        throw UsageError("--checkpoint-minutes needs --checkpoint-dir: where to write them");
    f.interrupted = &end_asked();
    return f;
}

/// What would only fail after hours of training is tried before.
void check_targets(const Options& o) {
    if (o.has("plot"))
        check_plot_file(o.text("plot"));
    const std::string history =
        lower(std::filesystem::path(o.text("history")).extension().string());
    if (o.has("history") && history != ".csv" && history != ".json")
        throw UsageError(
            fmt::format("--history {}: its name must end in .csv or .json", o.text("history")));
    for (const char* option : {"save", "save-best", "history", "plot"})
        expect_writable(o, option);
    for (const char* option : {"save", "save-best"})
        if (o.has(option))
            check_model_file(o.text(option));
}

/// Here, or in the cache folder where nothing can be written here.
std::string interrupt_folder(const std::string& model) {
    const std::string name = model + "-checkpoint";
    return access(".", W_OK) == 0 ? name : (cache_folder() / "checkpoints" / name).string();
}

/// The command that goes on where this one stopped.
std::string resume_command(const Arguments& arguments, const std::string& checkpoint) {
    const auto quoted = [](const std::string& text) {
        constexpr const char* plain =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%";
        if (!text.empty() && text.find_first_not_of(plain) == std::string::npos)
            return text;
        std::string out = "'";
        for (const char c : text)
            out += c == '\'' ? std::string("'\\''") : std::string(1, c);
        return out + "'";
    };
    std::string command = quoted(program_name()) + " train";
    for (size_t i = 0; i < arguments.size(); ++i) {
        if (arguments[i] == "--resume")
            ++i;
        else if (!arguments[i].starts_with("--resume="))
            command += ' ' + quoted(arguments[i]);
    }
    return command + " --resume " + quoted(checkpoint);
}

void print_json(const FitResult& result, const Model& model, double rate) {
    nlohmann::ordered_json json;
    if (!result.history.epochs.empty())
        for (const auto& [name, value] : result.history.epochs.back().values)
            json[name] = value;
    json["epochs"] = result.history.epochs.size();
    json["images_per_second"] = rate;
    json["waiting_share"] = result.waiting_share;
    if (!result.stopped_by.empty())
        json["stopped_by"] = result.stopped_by;
    else if (result.interrupted)
        json["interrupted"] = true;
    if (result.restored_epoch)
        json["restored_epoch"] = *result.restored_epoch + 1;
    if (!result.checkpoint.empty())
        json["checkpoint"] = result.checkpoint;
    json["weights_sha256"] = model.weights_sha256();
    std::cout << json.dump() << '\n';
}

void save_model(const std::string& path, const Model& model, const std::string& checkpoint) {
    try {
        model.save(path);
    } catch (const Error& e) {
        if (checkpoint.empty())
            throw;
        throw Error(e.code(), fmt::format("{}\n  the last epoch's model is whole in {}, a file "
                                          "that every command takes",
                                          e.what(), checkpoint));
    }
}

/// Every file that was asked for is tried, whatever becomes of the others; then throws the first
/// one's error. result: nullptr where training has not come to its end.
void write_results(const Options& o, const Model& model, const FitResult* result) {
    std::exception_ptr failure;
    const auto attempt = [&](const char* option, const auto& write) {
        try {
            if (o.has(option))
                write(o.text(option));
        } catch (...) {
            failure = failure ? failure : std::current_exception();
        }
    };
    if (result != nullptr)
        attempt("save",
                [&](const std::string& path) { save_model(path, model, result->checkpoint); });
    if (const History& history = model.history(); !history.epochs.empty()) {
        attempt("history", [&](const std::string& path) { write_history(path, history); });
        attempt("plot", [&](const std::string& path) { draw_history(path, history); });
    }
    if (failure)
        std::rethrow_exception(failure);
}

/// Model::fit, whose history does not go with an error.
FitResult fit_model(const Options& o, Model& model, const std::shared_ptr<Dataset>& data,
                    const FitOptions& options) {
    try {
        return model.fit(data, options);
    } catch (const UsageError&) {
        throw;
    } catch (...) {
        try {
            write_results(o, model, nullptr);
        } catch (const Error&) {
            // What ended training is what has to be told.
        }
        throw;
    }
}

} // namespace

int train(const Arguments& arguments) {
    Options o("lamina train MODEL --data NAME [options]", "Trains a model.");
    add_options(o);
    if (!o.parse(arguments))
        return 0;
    FitOptions fit = fit_options(o);
    fit.augmenter = open_augmenter(o);
    check_targets(o);
    expect_model(o.text("model"));
    const auto data = open_data(o);
    Model model = open_model(o.text("model"), o.text("weights"), data->classes(), progress_mode(o));
    use_backend(model, o, o.text("backend"));
    Training training{
        .optimizer = o.text("optimizer"), .loss = o.text("loss"), .schedule = o.text("schedule")};
    if (o.has("metrics"))
        training.metrics = o.get<std::vector<std::string>>("metrics");
    compile(model, training);

    model.device(); // what is wrong with it shows before anything is said of training
    fit.interrupt_dir = interrupt_folder(model.name());

    if (o.has("callback"))
        fit.callbacks = open_callbacks(o.get<std::vector<std::string>>("callback"));
    fit.callbacks.push_back(training_progress(
        progress_mode(o), fmt::format("training {} on {} ({}), backend {}, precision {}, seed {}",
                                      model.name(), data->name(), data->source(), o.text("backend"),
                                      name(model.precision()), fit.seed)));
    const EndOnSignals signals;
    const FitResult result = fit_model(o, model, data, fit);

    const double rate =
        result.seconds > 0 ? static_cast<double>(result.samples) / result.seconds : 0;
    if (result.interrupted && result.stopped_by.empty()) {
        std::cerr << fmt::format(
            "interrupted after the batch; the checkpoint is {}\n  go on with: {}\n",
            result.checkpoint, resume_command(arguments, result.checkpoint));
        write_results(o, model, nullptr);
        if (o.flag("json"))
            print_json(result, model, rate);
        return 1;
    }
    write_results(o, model, &result);
    if (o.flag("json")) {
        print_json(result, model, rate);
        return 0;
    }
    const History& history = result.history;
    if (!result.stopped_by.empty())
        std::cout << fmt::format("stopped after {} of {} epochs by {}\n", history.epochs.size(),
                                 fit.epochs, result.stopped_by);
    if (result.restored_epoch)
        std::cout << fmt::format("the weights are those of epoch {}, the best\n",
                                 *result.restored_epoch + 1);
    std::cout << fmt::format(
        "{}\n{:.0f} images/s, {:.1f} % of the time waiting for data\nweights SHA-256 {}\n",
        history.epochs.empty() ? "" : values_text(history.epochs.back().values), rate,
        100 * result.waiting_share, model.weights_sha256());
    return 0;
}

} // namespace lamina::cli
