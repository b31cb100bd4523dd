#include "child.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lamina/error.hpp"

extern char** environ;

namespace lamina::cli {

namespace {

struct Pipe {
    int ends[2] = {-1, -1};
    Pipe() {
        if (pipe(ends) != 0)
            throw Error(StatusCode::Io, std::string("no pipe: ") + std::strerror(errno));
    }
    ~Pipe() {
        close(ends[0]);
        close_writing();
    }
    void close_writing() {
        if (ends[1] >= 0)
            close(ends[1]);
        ends[1] = -1;
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
};

pid_t start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
            const Pipe& out) {
    std::vector<char*> argv;
    std::string name = program.string();
    std::vector<std::string> owned = arguments;
    argv.push_back(name.data());
    for (std::string& a : owned)
        argv.push_back(a.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, out.ends[0]);
    posix_spawn_file_actions_addclose(&actions, out.ends[1]);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); // killed with what it starts
    pid_t pid = 0;
    const int failed = posix_spawn(&pid, name.c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed != 0)
        throw Error(StatusCode::NotFound,
                    fmt::format("{} cannot be started: {}", name, std::strerror(failed)));
    return pid;
}

} // namespace

ChildEnd run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                   int seconds, const std::function<void(const std::string&)>& line) {
    using Clock = std::chrono::steady_clock;
    Pipe out;
    const pid_t pid = start(program, arguments, out);
    out.close_writing();
    const auto deadline = Clock::now() + std::chrono::seconds(seconds);
    ChildEnd end;
    std::string text;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waiting{out.ends[0], POLLIN, 0};
        const int ready = left <= 0 ? 0 : poll(&waiting, 1, static_cast<int>(left));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            end.timed_out = true;
            break;
        }
        char buffer[4096];
        const ssize_t n = read(out.ends[0], buffer, sizeof buffer);
        if (n <= 0)
            break;
        text.append(buffer, static_cast<size_t>(n));
        for (size_t at = 0; (at = text.find('\n')) != std::string::npos; text.erase(0, at + 1))
            line(text.substr(0, at));
    }
    // It may have closed its output and hang all the same.
    int status = 0;
    while (!end.timed_out && waitpid(pid, &status, WNOHANG) == 0) {
        end.timed_out = Clock::now() > deadline;
        usleep(2000);
    }
    if (end.timed_out) {
        kill(-pid, SIGKILL);
        waitpid(pid, &status, 0);
    } else if (WIFSIGNALED(status)) {
        end.signal = WTERMSIG(status);
    } else {
        end.code = WEXITSTATUS(status);
    }
    return end;
}

} // namespace lamina::cli
