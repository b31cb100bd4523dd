#include <iostream>

#include <fmt/format.h>

#include "interrupt.hpp"
#include "lamina/feature_cache.hpp"
#include "lamina/file.hpp"
#include "lamina/paths.hpp"
#include "lamina/plot.hpp"
#include "lamina/text.hpp"
#include "recipe.hpp"
#include "training_output.hpp"

namespace lamina::cli {

namespace {

/// A recipe's model while it is trained stage by stage.
class Training {
  public:
    Training(const Options& options, const Recipe& recipe)
        : recipe_(recipe), mode_(progress_mode(options)),
          callbacks_(open_callbacks(recipe.callbacks)),
          data_(open_data(recipe.data, recipe.data_dir, mode_)),
          model_(put_together(recipe, mode_)) {
        if (!recipe.preprocessing.empty())
            model_.set_preprocessing(recipe.preprocessing);
        use_backend(model_, options, recipe.backend);
        model_.set_precision(parse_precision(recipe.precision));
        for (const Stage& stage : recipe.stages)
            augmenters_.push_back(stage.augment.empty() ? nullptr
                                                        : Augmenter::parse(stage.augment));
        base_ = model_.summary().back().name;
        for (const RecipeLayer& layer : recipe.layers)
            model_.add(layer.class_name, Config::of_json(layer.config.dump()));
        model_.initialize(recipe.seed);
    }

    /// False when a signal ended it.
    bool run(const Stage& stage, size_t number) {
        model_.set_trainable(stage.trainable == "added" ? added() : stage.trainable);
        lamina::Training training;
        training.optimizer = stage.optimizer;
        training.schedule = stage.schedule;
        training.loss = recipe_.loss;
        compile(model_, training);
        FitOptions fit;
        fit.epochs = stage.epochs;
        fit.batch_size = recipe_.batch_size;
        fit.workers = recipe_.workers;
        fit.augmenter = augmenters_[number - 1];
        fit.seed = recipe_.seed;
        fit.validation_split = recipe_.validation_split;
        fit.validate_on_test = recipe_.validate_on_test;
        fit.interrupted = &end_asked();
        fit.callbacks = callbacks_;
        fit.callbacks.push_back(training_progress(mode_, headline(stage, number)));
        const FitResult result =
            stage.cache_features ? fit_on_features(training, fit) : model_.fit(data_, fit);
        append(result.history);
        if (!result.stopped_by.empty() && mode_ != ProgressMode::Quiet)
            std::cerr << fmt::format("stage {} stopped by {}\n", number, result.stopped_by);
        return !result.interrupted || !result.stopped_by.empty();
    }

    const Model& model() const { return model_; }
    const History& history() const { return history_; }

  private:
    static Model put_together(const Recipe& recipe, ProgressMode mode) {
        Model model = open_model(recipe.model, recipe.weights, 0, mode);
        return recipe.up_to.empty() ? std::move(model) : model.up_to({recipe.up_to});
    }

    /// The layers behind the base.
    std::string added() const {
        if (recipe_.layers.empty())
            throw UsageError(
                "the recipe adds no layers, and so `\"trainable\": \"added\"` means none");
        const auto layers = model_.summary();
        return layers[layers.size() - recipe_.layers.size()].name + ":";
    }

    /// The base gives its features once, and the layers behind it learn from these.
    FitResult fit_on_features(const lamina::Training& training, const FitOptions& fit) {
        Model base = model_.up_to({base_});
        ProgressBar bar("features",
                        static_cast<size_t>(data_->size(Split::Train) + data_->size(Split::Test)),
                        "images", mode_);
        const auto features = features_of(base, data_, recipe_.batch_size,
                                          cache_folder() / "features", [&](int64_t done, int64_t) {
                                              bar.update(static_cast<size_t>(done), "");
                                              return end_asked() == 0;
                                          });
        bar.finish("");
        Model head = model_.behind(base_);
        compile(head, training);
        FitResult result = head.fit(features, fit);
        model_.name_classes(*data_);
        for (const std::string& name : head.variable_names())
            model_.set_variable(name, head.variable(name));
        return result;
    }

    std::string headline(const Stage& stage, size_t number) const {
        int64_t trainable = 0, all = 0;
        for (const LayerSummary& layer : model_.summary()) {
            trainable += layer.trainable_parameters;
            all += layer.parameters;
        }
        return fmt::format(
            "stage {} of {}{}: {} of {} parameters learn, on {}, backend {}, seed {}", number,
            recipe_.stages.size(), stage.name.empty() ? "" : " (" + stage.name + ")", trainable,
            all, data_->name(), recipe_.backend, recipe_.seed);
    }

    /// Epochs are counted through all stages.
    void append(const History& stage) {
        const int before = static_cast<int>(history_.epochs.size());
        for (EpochRecord record : stage.epochs) {
            record.epoch += before;
            history_.epochs.push_back(std::move(record));
        }
    }

    const Recipe& recipe_;
    ProgressMode mode_;
    std::vector<std::shared_ptr<Callback>> callbacks_;
    std::shared_ptr<Dataset> data_;
    Model model_;
    std::vector<std::shared_ptr<Augmenter>> augmenters_; // of the stages; null: none
    std::string base_; // the last layer before those that the recipe adds
    History history_;
};

void check_targets(const Recipe& recipe) {
    if (!recipe.plot.empty())
        check_plot_file(recipe.plot);
    if (!recipe.save.empty())
        check_model_file(recipe.save);
    const std::string& history = recipe.history;
    if (!history.empty() && !lower(history).ends_with(".csv") && !lower(history).ends_with(".json"))
        throw UsageError(fmt::format("history: {}: its name must end in .csv or .json", history));
}

void write_results(const Recipe& recipe, const Training& training) {
    if (!recipe.save.empty())
        training.model().save(recipe.save);
    if (training.history().epochs.empty())
        return;
    if (!recipe.history.empty())
        write_history(recipe.history, training.history());
    if (!recipe.plot.empty())
        draw_history(recipe.plot, training.history());
}

} // namespace

int run(const Arguments& arguments) {
    Options o("lamina run RECIPE.json [options]",
              "Builds a model and trains it in stages, as a recipe says: transfer learning, for "
              "instance. What a recipe may hold: frontends/README.md.");
    o.add()("recipe", po::value<std::string>()->required(), "a JSON file")(
        "backend", po::value<std::string>(), "instead of the recipe's: NAME[:key=value,...]");
    add_progress_options(o);
    add_backend_options(o);
    o.positional("recipe", 1);
    if (!o.parse(arguments))
        return 0;
    Recipe recipe = Recipe::parse(read_text(o.text("recipe")), o.text("recipe"));
    if (o.has("backend"))
        recipe.backend = o.text("backend");
    if (o.has("precision"))
        recipe.precision = o.text("precision");
    check_targets(recipe);
    const EndOnSignals signals;
    Training training(o, recipe);
    bool ended = true;
    for (size_t i = 0; ended && i < recipe.stages.size(); ++i)
        ended = training.run(recipe.stages[i], i + 1);
    write_results(recipe, training);
    if (!ended) {
        std::cerr << "interrupted after the batch; the stages behind it were not begun"
                  << (recipe.save.empty()
                          ? "\n"
                          : fmt::format("; what was learnt is in {}\n", recipe.save));
        return 1;
    }
    const auto& epochs = training.history().epochs;
    const Values last = epochs.empty() ? Values{} : epochs.back().values;
    if (o.flag("json")) {
        nlohmann::ordered_json json;
        for (const auto& [name, value] : last)
            json[name] = value;
        json["epochs"] = epochs.size();
        json["weights_sha256"] = training.model().weights_sha256();
        std::cout << json.dump() << '\n';
    } else {
        std::cout << values_text(last) << '\n';
    }
    return 0;
}

} // namespace lamina::cli
