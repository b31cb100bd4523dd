// The one main() of every unit test program.

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

namespace {
constexpr int kSkipped = 77; // what CTest is told to count as skipped
}

int main(int argc, char** argv) {
    std::vector<char*> arguments(argv, argv + argc);
    // Catch2 2.13 has no way to skip, so the whole run is skipped when what it needs is not there.
    if (argc > 2 && std::string(argv[1]) == "--skip-without") {
        if (!std::filesystem::exists(argv[2])) {
            std::cout << "skipped: there is no " << argv[2] << '\n';
            return kSkipped;
        }
        arguments.erase(arguments.begin() + 1, arguments.begin() + 3);
    }
    return Catch::Session().run(static_cast<int>(arguments.size()), arguments.data());
}
