#include "hdf5_program.hpp"

#include <array>
#include <csignal>
#include <filesystem>

#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lamina/plugin/plugin.hpp"

namespace lamina::plugin {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_to_start(const std::string& what, int reason) {
    throw Error(LM_IO, what + ": " + std::strerror(reason));
}

std::pair<Descriptor, Descriptor> connected_sockets() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        fail_to_start("cannot make a socket", errno);
    Descriptor first(ends[0]);
    return {std::move(first), Descriptor(ends[1])};
}

/// Beside this plugin.
std::string program_file() {
    Dl_info self{};
    if (dladdr(reinterpret_cast<const void*>(&program_file), &self) == 0)
        throw Error(LM_INTERNAL, "the plugin of the formats does not find itself");
    return (fs::canonical(self.dli_fname).parent_path() / "lamina-hdf5").string();
}

/// How a process is started: which descriptors and signals it gets.
class Spawn {
  public:
    Spawn() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        // Ctrl-C goes to all processes of a terminal, but what becomes of the file is for this one
        // to say. The program ends when its socket does.
        sigset_t blocked, normal;
        sigemptyset(&blocked);
        for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP})
            sigaddset(&blocked, signal);
        sigemptyset(&normal);
        sigaddset(&normal, SIGXCPU); // which ends it, whatever is set here
        posix_spawnattr_setsigmask(&attributes_, &blocked);
        posix_spawnattr_setsigdefault(&attributes_, &normal);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;
    ~Spawn() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    void give(const Descriptor& descriptor, int as) {
        posix_spawn_file_actions_adddup2(&actions_, descriptor.number(), as);
    }
    pid_t operator()(const std::string& program, const std::vector<std::string>& arguments) {
        posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
        std::vector<char*> pointers{const_cast<char*>(program.c_str())};
        for (const std::string& argument : arguments)
            pointers.push_back(const_cast<char*>(argument.c_str()));
        pointers.push_back(nullptr);
        pid_t process = -1;
        const int error = posix_spawn(&process, program.c_str(), &actions_, &attributes_,
                                      pointers.data(), environ);
        if (error != 0)
            fail_to_start("cannot start " + program + ", which reads and writes HDF5 files", error);
        return process;
    }

  private:
    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

std::string first_line(const Descriptor& file) {
    std::array<char, 400> text{};
    const ssize_t bytes = pread(file.number(), text.data(), text.size(), 0);
    const std::string_view all(text.data(), bytes > 0 ? static_cast<size_t>(bytes) : 0);
    return std::string(all.substr(0, all.find('\n')));
}

} // namespace

Descriptor::Descriptor(int number) : number_(number) {
    if (number < 0)
        fail_to_start("cannot start lamina-hdf5", errno);
    if (number > STDERR_FILENO)
        return;
    // A program that has closed a standard stream gets its number here.
    number_ = fcntl(number, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    ::close(number);
    if (number_ < 0)
        fail_to_start("cannot start lamina-hdf5", errno);
}

Descriptor::~Descriptor() {
    if (number_ >= 0)
        ::close(number_);
}

Hdf5Program::Hdf5Program(const std::vector<std::string>& arguments)
    : Hdf5Program(arguments, connected_sockets()) {}

Hdf5Program::Hdf5Program(const std::vector<std::string>& arguments, Sockets sockets)
    : messages_(memfd_create("lamina-hdf5", MFD_CLOEXEC)), socket_(std::move(sockets.first)),
      channel_(socket_.number()) {
    Spawn spawn;
    spawn.give(sockets.second, STDIN_FILENO);
    spawn.give(messages_, STDOUT_FILENO);
    spawn.give(messages_, STDERR_FILENO);
    process_ = spawn(program_file(), arguments);
}

Hdf5Program::~Hdf5Program() {
    if (process_ < 0)
        return;
    kill(process_, SIGKILL);
    ending();
}

/// Waits for it.
Hdf5Program::Ending Hdf5Program::ending() {
    int status = 0;
    pid_t waited = 0;
    do
        waited = waitpid(process_, &status, 0);
    while (waited < 0 && errno == EINTR);
    process_ = -1;
    const bool known = waited > 0; // where SIGCHLD is ignored there is no status
    if (known && WIFSIGNALED(status)) {
        const int signal = WTERMSIG(status);
        if (signal == SIGKILL)
            return {false, "lamina-hdf5 was killed"};
        if (signal == SIGXCPU)
            return {true, "the HDF5 library came to no end"};
        return {true, std::string("the HDF5 library crashed (") + sigdescr_np(signal) + ")"};
    }
    const std::string complaint = first_line(messages_);
    return {false, "lamina-hdf5 ended early" + (complaint.empty() ? "" : ": " + complaint)};
}

void Hdf5Program::hear(const std::string& crash,
                       const std::function<void(Message, uint64_t)>& answer) {
    try {
        for (;;) {
            const auto [message, number] = channel_.message();
            if (message == Message::Done)
                return;
            if (message == Message::Error) {
                const std::string bytes = channel_.text(number);
                Unpacker in(bytes);
                const auto code = static_cast<lm_status>(in.number());
                throw Error(code, in.text());
            }
            if (message == Message::Warning)
                host()->log(LM_LOG_WARNING, channel_.text(number).c_str());
            else
                answer(message, number);
        }
    } catch (const Broken&) {
        const Ending end = ending();
        throw Error(LM_IO, end.is_crash ? crash + ": " + end.how : end.how);
    }
}

} // namespace lamina::plugin
