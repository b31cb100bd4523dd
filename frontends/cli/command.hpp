/// What the subcommands share: options, errors, the model and data they speak of.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/program_options.hpp>
#include <fmt/format.h>

#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "lamina/progress.hpp"

namespace lamina::cli {

namespace po = boost::program_options;
using Arguments = std::vector<std::string>;

/// How the user called the program: "lamina", or a path.
const std::string& program_name();
void set_program_name(const char* name);

/// A subcommand: its name, a line for the list of commands, and what it does. Returns the exit
/// code.
struct Command {
    const char* name;
    const char* summary;
    int (*run)(const Arguments&);
};

int train(const Arguments&);
int evaluate(const Arguments&);
int predict(const Arguments&);
int features(const Arguments&);
int run(const Arguments&);
int convert(const Arguments&);
int summary(const Arguments&);
int bench(const Arguments&);
int plot(const Arguments&);
int devices(const Arguments&);
int plugins(const Arguments&);
int plugin(const Arguments&);
int models(const Arguments&);
int datasets(const Arguments&);
int augment(const Arguments&);

/// The flags of a subcommand. Every one has --help, --threads, --plugin-path and --log.
class Options {
  public:
    /// usage: "lamina train MODEL --data NAME [options]".
    Options(std::string usage, std::string about);

    po::options_description_easy_init add();
    /// Arguments without a flag fill this option; `most` of them at most, -1 for any number.
    void positional(const char* option, int most);

    /// Throws UsageError for unknown flags (with the nearest one), missing values and the like.
    /// Prints the help and returns false when that was asked for.
    bool parse(const Arguments& arguments);

    bool has(const char* name) const {
        return values_.count(name) > 0 && !values_[name].defaulted();
    }
    bool flag(const char* name) const {
        return values_.count(name) > 0 && values_[name].as<bool>();
    }
    template <class T>
    T get(const char* name) const {
        return values_[name].as<T>();
    }
    std::string text(const char* name) const {
        return values_.count(name) > 0 ? values_[name].as<std::string>() : "";
    }

  private:
    std::vector<std::string> flags() const;
    std::string missing(const std::string& flag) const;
    std::string wrong_value(const std::string& flag, const std::string& complaint) const;

    std::string usage_, about_;
    po::options_description description_;
    po::positional_options_description positional_;
    po::variables_map values_;
};

/// Throws UsageError with the flag, the nearest name and what there is when no plugin has the part
/// that `spec` (NAME[:key=value,...]) names. Loads nothing.
void expect_part(const char* flag, const char* kind, const std::string& spec);

/// --allow-fallback, --precision and --tuned, for every command that has --backend.
void add_backend_options(Options& options);

/// Model::use (with the precision and the tuned plan, whose hash is told) and Model::compile with
/// names that come from the command line: one that nothing has is wrong usage.
void use_backend(Model& model, const Options& options, const std::string& spec, bool tuned);
inline void use_backend(Model& model, const Options& options, const std::string& spec) {
    use_backend(model, options, spec, options.flag("tuned"));
}
void compile(Model& model, const Training& training);

/// The parts between the commas of NAME[:key=value,...],NAME[...]: a comma before NAME or NAME:
/// parts two of them, one before key=value parts two settings of the same.
std::vector<std::string> split_specs(const std::string& list);

/// Throws UsageError unless the value of an option is at least so much.
template <class T>
void expect_at_least(const char* option, T value, T least) {
    if (!(value >= least))
        throw UsageError(fmt::format("--{} must be at least {}, got {}", option, least, value));
}

template <class T>
void expect_at_most(const char* option, T value, T most) {
    if (!(value <= most))
        throw UsageError(fmt::format("--{} must be at most {}, got {}", option, most, value));
}

/// Throws UsageError or Error that names the option unless the file that it asks for, if any, can
/// be written: found before long work, not after it.
void expect_writable(const Options& options, const char* option);

/// expect_part for MODEL, where it is a zoo name.
void expect_model(const std::string& what);

/// A zoo name (NAME[:key=value,...]) or a model file. weights: a file, or the name under which a
/// zoo net's are published (published_weights.hpp), whose download is shown as `mode` says.
/// classes: given to a zoo model that is told nothing else; 0: its own default.
Model open_model(const std::string& what, const std::string& weights, int64_t classes,
                 ProgressMode mode = ProgressMode::Quiet, const WeightOptions& options = {});

/// The names of a split's values as "loss 0.0312  accuracy 0.9912".
std::string values_text(const Values& values);

/// --quiet and --json, for every command that shows how far it has come.
void add_progress_options(Options& options);
ProgressMode progress_mode(const Options& options);

/// --augment, of whose value `meaning` says what becomes of it; null where it is not given.
void add_augment_option(Options& options, const char* meaning);
std::shared_ptr<Augmenter> open_augmenter(const Options& options);

/// --data and --data-dir as Options; a download is shown.
void add_data_options(Options& options);
std::shared_ptr<Dataset> open_data(const Options& options);
std::shared_ptr<Dataset> open_data(const std::string& spec, const std::string& folder,
                                   ProgressMode mode);

} // namespace lamina::cli
