#include "command.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "downloads.hpp"
#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/log.hpp"
#include "lamina/published_weights.hpp"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "lamina/thread_pool.hpp"

namespace lamina::cli {

static std::string& called_as() {
    static std::string name = "lamina";
    return name;
}

const std::string& program_name() { return called_as(); }

void set_program_name(const char* name) { called_as() = name; }

Options::Options(std::string usage, std::string about)
    : usage_(std::move(usage)), about_(std::move(about)), description_("options", 100) {
    description_.add_options()("help,h", po::bool_switch(), "show this text")(
        "threads", po::value<int>(), "how many threads to compute with (default: all cores)")(
        "plugin-path", po::value<std::vector<std::string>>()->composing(),
        "a folder of plugins to search first; may be repeated")(
        "log", po::value<std::string>()->default_value("warning"), "debug, info, warning or error");
}

po::options_description_easy_init Options::add() { return description_.add_options(); }

void Options::positional(const char* option, int most) { positional_.add(option, most); }

std::vector<std::string> Options::flags() const {
    std::vector<std::string> out;
    for (const auto& option : description_.options())
        out.push_back("--" + option->long_name());
    return out;
}

/// "--data is missing", or of an argument without a flag: "MODEL is missing".
std::string Options::missing(const std::string& flag) const {
    std::string name = flag.substr(flag.find_first_not_of('-'));
    for (unsigned i = 0; i < positional_.max_total_count() && i < 2; ++i)
        if (positional_.name_for_position(i) == name) {
            std::transform(name.begin(), name.end(), name.begin(),
                           [](unsigned char c) { return std::toupper(c); });
            return name + " is missing";
        }
    return "--" + name + " is missing";
}

/// "--epochs must be a whole number, got 1.5". complaint: Boost's, "the argument ('1.5') for ...".
std::string Options::wrong_value(const std::string& flag, const std::string& complaint) const {
    const size_t begin = complaint.find("('"), end = complaint.rfind("')");
    const std::string got = begin < end && end != std::string::npos
                                ? complaint.substr(begin + 2, end - begin - 2)
                                : "nothing";
    const auto& option = description_.find(flag.substr(flag.find_first_not_of('-')), false);
    const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
    const bool real = typed != nullptr && typed->value_type() == typeid(double);
    return fmt::format("{} must be a {}, got {}", flag,
                       real ? "number" : "whole number, and not too large", got);
}

bool Options::parse(const Arguments& arguments) {
    const std::string hint = fmt::format("\n  usage: {}\n  see: {} --help", usage_,
                                         usage_.substr(0, usage_.find(' ', 7)));
    try {
        using namespace po::command_line_style;
        po::store(po::command_line_parser(arguments)
                      .options(description_)
                      .positional(positional_)
                      .style(unix_style & ~allow_guessing)
                      .run(),
                  values_);
        if (flag("help")) {
            std::cout << about_ << "\n\nusage: " << usage_ << "\n\n" << description_;
            return false;
        }
        po::notify(values_);
    } catch (const po::required_option& e) {
        throw UsageError(missing(e.get_option_name()) + hint);
    } catch (const po::too_many_positional_options_error&) {
        throw UsageError("there is one argument too many without a flag before it" + hint);
    } catch (const po::unknown_option& e) {
        throw UsageError(fmt::format("unknown option {}{}{}", e.get_option_name(),
                                     did_you_mean(e.get_option_name(), flags()), hint));
    } catch (const po::invalid_option_value& e) {
        throw UsageError(wrong_value(e.get_option_name(), e.what()) + hint);
    } catch (const po::multiple_occurrences& e) {
        throw UsageError(e.get_option_name() + " is given more than once" + hint);
    } catch (const po::error_with_option_name& e) {
        throw UsageError(fmt::format("{}: its value is missing{}", e.get_option_name(), hint));
    } catch (const po::error& e) {
        throw UsageError(std::string(e.what()) + hint);
    }
    for (const auto& [name, value] : values_)
        if (const auto* text = boost::any_cast<std::string>(&value.value());
            text != nullptr && text->empty() && !value.defaulted() && name != "data-dir")
            throw UsageError(fmt::format("--{}: its value is empty{}", name, hint));
    if (has("threads")) {
        expect_at_least("threads", get<int>("threads"), 1);
        expect_at_most("threads", get<int>("threads"), 1024);
        set_threads(get<int>("threads"));
    }
    if (has("plugin-path")) {
        std::vector<std::filesystem::path> folders;
        for (const std::string& folder : get<std::vector<std::string>>("plugin-path")) {
            if (!is_folder(folder))
                throw UsageError(fmt::format("--plugin-path {}: no such folder", folder));
            folders.emplace_back(folder);
        }
        set_plugin_path(folders);
    }
    if (has("log"))
        set_log_level(parse_log_level(text("log")));
    return true;
}

void expect_part(const char* flag, const char* kind, const std::string& spec) {
    const std::string name = spec.substr(0, spec.find(':'));
    Registry& registry = Registry::global();
    if (name.empty() || registry.has(kind, name))
        return; // what follows the name is the business of who takes it
    try {
        registry.find(kind, name);
    } catch (const Error& e) {
        throw UsageError(fmt::format("{}: {}", flag, e.what()));
    }
}

void add_backend_options(Options& options) {
    options.add()(
        "allow-fallback", po::bool_switch(),
        "what the backend cannot run, another one does, and a message says what runs where")(
        "precision", po::value<std::string>()->default_value("float32"),
        "of values between operators: float32, mixed (float16, the loss scaled) or mixed_bfloat16; "
        "weights, sums, losses and updates are float32 in any")(
        "tuned", po::bool_switch(),
        "kernels by the plan that `lamina bench --tune` keeps for this device, driver and version; "
        "what it does not know is chosen as without it");
}

void use_backend(Model& model, const Options& options, const std::string& spec, bool tuned) {
    expect_part("--backend", "backend", spec);
    model.set_precision(parse_precision(options.text("precision")));
    model.use(spec, options.flag("allow-fallback") ? Fallback::Allowed : Fallback::Refused);
    model.set_tuned(tuned);
    if (const auto plan = model.tuned_plan();
        plan && plan->size() > 0 && !options.flag("quiet") && !options.flag("json"))
        std::cerr << fmt::format("lamina: tuned plan {}, {} operators\n", plan->hash(),
                                 plan->size());
}

void compile(Model& model, const Training& training) {
    try {
        model.compile(training);
    } catch (const Error& e) {
        if (e.code() != StatusCode::NotFound)
            throw;
        throw UsageError(e.what()); // names a part that no plugin has
    }
}

std::vector<std::string> split_specs(const std::string& list) {
    std::vector<std::string> out;
    for (const std::string& piece : split(list, ',')) {
        const bool setting = piece.substr(0, piece.find(':')).find('=') != std::string::npos;
        if (setting && !out.empty())
            out.back() += ',' + piece;
        else
            out.push_back(piece);
    }
    return out;
}

void expect_writable(const Options& options, const char* option) {
    if (!options.has(option))
        return;
    const std::filesystem::path path = options.text(option);
    const auto folder = path.parent_path();
    std::error_code ignored; // what cannot be reached, the trial tells
    if (!folder.empty() &&
        std::filesystem::status(folder, ignored).type() == std::filesystem::file_type::not_found)
        throw UsageError(
            fmt::format("--{} {}: there is no folder {}", option, path.string(), folder.string()));
    if (std::filesystem::is_other(path, ignored))
        return; // a pipe or a device, to which nothing can be written on trial
    try {
        AtomicFile(path).write(" ");
    } catch (const Error& e) {
        throw Error(e.code(), fmt::format("--{} {}", option, e.what()));
    }
}

/// A name of the zoo, with settings or without, is no file's.
static bool is_file_name(const std::string& what) {
    std::error_code ignored;
    return std::filesystem::exists(what, ignored) ||
           what.substr(0, what.find(':')).find_first_of("./") != std::string::npos;
}

void expect_model(const std::string& what) {
    if (!is_file_name(what))
        expect_part("MODEL", "model", what);
}

Model open_model(const std::string& what, const std::string& weights, int64_t classes,
                 ProgressMode mode, const WeightOptions& options) {
    expect_model(what);
    if (is_file_name(what))
        return Model::load(what, weights, options);
    Model model = classes > 0 ? Model::zoo(what, {{"classes", classes}}) : Model::zoo(what);
    if (weights.empty())
        return model;
    if (is_file_name(weights)) {
        model.load_weights(weights, options);
        return model;
    }
    Downloads downloads(mode);
    const std::string file = published_weights(what, weights);
    downloads.finish();
    model.load_weights(file, options);
    return model;
}

void add_progress_options(Options& options) {
    options.add()("quiet,q", po::bool_switch(), "no progress")(
        "json", po::bool_switch(), "one JSON object on standard output; no progress");
}

ProgressMode progress_mode(const Options& options) {
    return options.flag("quiet") || options.flag("json") ? ProgressMode::Quiet
                                                         : progress_mode_for_stderr();
}

std::string values_text(const Values& values) {
    std::string text;
    for (const auto& [name, value] : values)
        if (name != "learning_rate")
            text += fmt::format("{}{} {:.4f}", text.empty() ? "" : "  ", name, value);
    return text;
}

} // namespace lamina::cli
