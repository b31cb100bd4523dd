#include "io/gnuplot.hpp"

#include "io/file_descriptor.hpp"
#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lamina {
namespace {

std::string terminal(PictureSize size, const std::filesystem::path& file) {
    const std::string ending = lower(file.extension().string());
    const auto command = [](std::string_view name, auto width, auto height, int font) {
        return fmt::format("set terminal {} size {},{} rounded noenhanced linewidth 1.8 "
                           "font 'sans-serif,{}' background rgb '#ffffff'\n",
                           name, width, height, font);
    };
    if (ending == ".png") {
        return command("pngcairo", size.width, size.height, 17);
    }
    if (ending == ".svg") {
        return command("svg", size.width, size.height, 22);
    }
    if (ending == ".pdf") {
        return command("pdfcairo", fmt::format("{}in", size.width / 100.0),
                       fmt::format("{}in", size.height / 100.0), 17);
    }
    fail(StatusCode::InvalidArgument,
         fmt::format("{}: a picture's name ends in .png, .svg or .pdf", file.string()));
}

/// An unnamed file in memory that holds `text`.
FileDescriptor memory_file(std::string_view text) {
    FileDescriptor file(memfd_create("lamina-plot", MFD_CLOEXEC));
    if (!file) {
        fail_io("cannot make a file in memory", "gnuplot");
    }
    while (!text.empty()) {
        const ssize_t written = write(file.get(), text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            fail_io("cannot write the script", "gnuplot");
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
    lseek(file.get(), 0, SEEK_SET);
    return file;
}

std::string content(const FileDescriptor& file) {
    lseek(file.get(), 0, SEEK_SET);
    std::string text;
    std::array<char, 1024> part{};
    for (ssize_t count = 0; (count = read(file.get(), part.data(), part.size())) > 0;) {
        text.append(part.data(), static_cast<std::size_t>(count));
    }
    return text;
}

/// Runs gnuplot on the script; gives its complaint, or "" when it was content.
std::string complaint_of_gnuplot(const std::string& script, const std::filesystem::path& file) {
    const FileDescriptor input = memory_file(script);
    const FileDescriptor messages = memory_file("");

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages.get(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, messages.get(), STDERR_FILENO);
    // -d: the user's own ~/.gnuplot must not change the picture.
    std::string program = "gnuplot";
    std::string defaults = "-d";
    std::string from_stdin = "/dev/stdin";
    std::array<char*, 4> arguments{program.data(), defaults.data(), from_stdin.data(), nullptr};
    pid_t child = 0;
    const int error =
        posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        fail(StatusCode::NotFound, fmt::format("{}: cannot be drawn: gnuplot is not there\n"
                                               "  hint: apt-get install gnuplot-nox",
                                               file.string()));
    }

    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return "";
    }
    return fmt::format("gnuplot failed: {}", trim(content(messages)));
}

} // namespace

/// Whether the picture has the end that its format asks for.
static bool is_whole(const std::filesystem::path& picture) {
    const std::string text = read_text(picture);
    const std::string_view end =
        std::string_view(text).substr(text.size() - std::min<std::size_t>(text.size(), 16));
    const auto has = [&](std::string_view mark) {
        return end.find(mark) != std::string_view::npos;
    };
    return has("IEND") || has("</svg>") || has("%%EOF");
}

std::string gnuplot_string(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += '\'';
        }
        quoted += c == '\n' || c == '\r' || c == '\0' ? ' ' : c;
    }
    return quoted + "'";
}

void check_gnuplot(const std::filesystem::path& file) {
    complaint_of_gnuplot(terminal({100, 100}, file), file);
}

void run_gnuplot(std::string_view script, PictureSize size, const std::filesystem::path& file) {
    const std::string set_terminal = terminal(size, file);
    AtomicFile picture(file);
    const std::string whole = fmt::format("{}set output {}\n{}\nunset output\n", set_terminal,
                                          gnuplot_string(picture.temporary().string()), script);
    std::string complaint = complaint_of_gnuplot(whole, file);
    // gnuplot's exit status does not tell that its output could not be written.
    if (complaint.empty() && !is_whole(picture.temporary())) {
        complaint = "gnuplot could not write all of it; is the disk full?";
    }
    if (!complaint.empty()) {
        fail(StatusCode::Io, fmt::format("{}: {}", file.string(), complaint));
    }
    picture.commit();
}

} // namespace lamina
