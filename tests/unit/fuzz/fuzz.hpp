/// Damage at random, the same for the same seed: what reads files and configurations must refuse it
/// with an Error or take it, and never crash, hang or throw anything else.
#pragma once

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "lamina/registry.hpp"
#include "temp_folder.hpp"

namespace lamina::test {

/// How many damaged inputs a test of the usual tier and one of the full tier tries for each target.
constexpr unsigned kQuick = 40, kLong = 1000;

class Draw {
  public:
    explicit Draw(unsigned seed) : engine_(seed) {}
    size_t below(size_t n) { return n == 0 ? 0 : engine_() % n; }
    bool one_in(size_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& list) {
        return list[below(list.size())];
    }

  private:
    std::mt19937 engine_;
};

/// Cuts, flips, overwrites, repeats and drops bytes.
inline std::string damaged(std::string bytes, Draw& draw) {
    static const std::vector<std::string> telling = {std::string(1, '\0'),
                                                     std::string(4, '\0'),
                                                     "\xff",
                                                     "\xff\xff\xff\xff",
                                                     "\x7f\xff\xff\xff",
                                                     std::string("\x80\0\0\0", 4),
                                                     "\xff\xff\xff\x7f",
                                                     "-1",
                                                     "1e999",
                                                     "\"",
                                                     "[[[[",
                                                     "}"};
    for (size_t times = 1 + draw.below(4); times > 0 && !bytes.empty(); --times) {
        const size_t at = draw.one_in(2) ? draw.below(bytes.size())
                                         : draw.below(std::min<size_t>(bytes.size(), 256));
        const size_t length = 1 + draw.below(std::min<size_t>(bytes.size() - at, 64));
        switch (draw.below(6)) {
        case 0:
            bytes.resize(at);
            break;
        case 1:
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << draw.below(8)));
            break;
        case 2: {
            const std::string& with = draw.of(telling);
            bytes.replace(at, std::min(with.size(), bytes.size() - at), with);
            break;
        }
        case 3:
            bytes.insert(at, bytes.substr(draw.below(bytes.size()), length));
            break;
        case 4:
            bytes.erase(at, length);
            break;
        default:
            for (size_t i = at; i < at + length; ++i)
                bytes[i] = static_cast<char>(draw.below(256));
        }
    }
    return bytes;
}

/// Flips one to four bits, half of the time near the beginning.
inline std::string flipped(std::string bytes, Draw& draw) {
    for (size_t times = 1 + draw.below(4); times > 0; --times) {
        const size_t at =
            draw.below(draw.one_in(2) ? std::min<size_t>(bytes.size(), 4096) : bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << draw.below(8));
    }
    return bytes;
}

/// Calls `take` with `count` inputs made by `make`, each from a seed of its own. `show` tells what
/// an input is, where it does what it must not.
template <class Input>
void try_damage(unsigned count, const std::function<Input(Draw&)>& make,
                const std::function<void(const Input&)>& take,
                const std::function<std::string(const Input&)>& show) {
    for (unsigned seed = 0; seed < count; ++seed) {
        Draw draw(seed);
        const Input input = make(draw);
        std::string wrong;
        try {
            take(input);
        } catch (const Error& e) {
            if (e.code() == StatusCode::Internal)
                wrong = std::string("an internal error: ") + e.what();
            else if (std::string(e.what()).empty())
                wrong = "an error without a message";
        } catch (const std::exception& e) {
            wrong = std::string("an exception that is no Error: ") + e.what();
        }
        if (!wrong.empty())
            FAIL_CHECK("seed " << seed << ", " << show(input) << ": " << wrong);
    }
}

/// try_damage on files: each damaged one is written under the name of the file that it was.
inline void try_damaged_files(unsigned count, const std::vector<std::filesystem::path>& whole,
                              const std::function<void(const std::filesystem::path&)>& take,
                              std::string (*damage)(std::string, Draw&) = damaged) {
    REQUIRE_FALSE(whole.empty());
    std::vector<std::string> contents;
    bool any_is_read = false; // else the damage would be tried on nothing
    for (const auto& file : whole) {
        contents.push_back(get(file));
        try {
            take(file);
            any_is_read = true;
        } catch (const Error&) {
        }
    }
    REQUIRE(any_is_read);
    const TempFolder folder;
    using File = std::pair<size_t, std::string>;
    try_damage<File>(
        count,
        [&](Draw& draw) {
            const size_t which = draw.below(whole.size());
            return File{which, damage(contents[which], draw)};
        },
        [&](const File& file) {
            const auto path = folder / whole[file.first].filename();
            put(path, file.second);
            take(path);
        },
        [&](const File& file) { return "damaged " + whole[file.first].string(); });
}

/// Keeps every plugin of these kinds in memory: loading them anew for each input takes the time.
inline std::vector<Part> hold_plugins(const std::vector<std::string>& kinds) {
    std::vector<Part> held;
    for (const std::string& kind : kinds)
        for (const std::string& name : Registry::global().names(kind))
            held.push_back(Registry::global().find(kind, name));
    return held;
}

/// The files under a folder whose names end so, in order.
inline std::vector<std::filesystem::path> files_under(const std::filesystem::path& folder,
                                                      const std::vector<std::string>& endings) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        for (const std::string& ending : endings)
            if (entry.path().string().ends_with(ending))
                out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace lamina::test
