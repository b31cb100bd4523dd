/// lamina: the command line. Exit codes: 0 done, 1 failed, 2 wrong usage.

#include <algorithm>
#include <iostream>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "command.hpp"
#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace {

using namespace lamina;
using namespace lamina::cli;

constexpr Command kCommands[] = {
    {"train", "train a model on a data set", train},
    {"run", "build a model and train it in stages, as a recipe says", run},
    {"evaluate", "loss and accuracy of a trained model", evaluate},
    {"predict", "what a trained model sees in pictures", predict},
    {"features", "what a model's layers give for pictures", features},
    {"augment", "what augmentation makes of pictures", augment},
    {"convert", "a model or its weights from one file format to another", convert},
    {"summary", "a model's layers, parameters, memory and graph", summary},
    {"bench", "speed, by step or by operator", bench},
    {"plot", "curves and bars from a description", plot},
    {"devices", "backends and the devices they see", devices},
    {"plugins", "what is registered, and by which file", plugins},
    {"plugin", "begin a plugin of one's own, or check one", plugin},
    {"models", "the models of the zoo", models},
    {"datasets", "the data sets", datasets},
};

void print_help() {
    std::cout << "Lamina trains and runs convolutional networks on any machine's CPU or "
                 "GPU.\n\nusage: lamina COMMAND ...\n\n";
    for (const Command& c : kCommands)
        std::cout << fmt::format("  {:<10} {}\n", c.name, c.summary);
    std::cout
        << "\nEach command explains itself: lamina COMMAND --help. Version: lamina --version\n";
}

int dispatch(const Arguments& arguments) {
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
        arguments[0] == "help") {
        print_help();
        return arguments.empty() ? 2 : 0;
    }
    if (arguments[0] == "--version") {
        std::cout << "lamina " << LAMINA_VERSION << '\n';
        return 0;
    }
    std::vector<std::string> names;
    for (const Command& c : kCommands) {
        if (arguments[0] == c.name)
            return c.run({arguments.begin() + 1, arguments.end()});
        names.emplace_back(c.name);
    }
    throw UsageError(fmt::format("no command `{}`{}\n  there are: {}", arguments[0],
                                 did_you_mean(arguments[0], names), join(names, ", ")));
}

int report(const std::string& message, int code) {
    std::cerr << "lamina: error: " << message << '\n';
    return code;
}

/// A standard stream that the caller has closed would lend its number to the next file opened, and
/// what is meant for the terminal would land there. Now it fails instead.
void reserve_standard_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_RDWR);
}

constexpr const char* kMemoryHint = "\n  hint: a smaller --batch-size needs less; `lamina summary "
                                    "MODEL --memory --mode train` shows "
                                    "what needs how much";

} // namespace

int main(int argc, char** argv) {
    reserve_standard_streams();
    if (argc > 0)
        set_program_name(argv[0]);
    try {
        const int code = dispatch({argv + 1, argv + argc});
        std::cout.flush();
        return std::cout ? code : report("standard output cannot be written", 1);
    } catch (const UsageError& e) {
        return report(e.what(), 2);
    } catch (const std::bad_alloc&) {
        return report(std::string("out of memory") + kMemoryHint, 1);
    } catch (const Error& e) {
        return report(
            e.what() + std::string(e.code() == StatusCode::OutOfMemory ? kMemoryHint : ""), 1);
    } catch (const std::exception& e) {
        return report(e.what(), 1);
    }
}
