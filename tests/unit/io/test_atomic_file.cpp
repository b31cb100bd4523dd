#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <vector>

using namespace lamina;
namespace fs = std::filesystem;

namespace {

std::size_t files_in(const fs::path& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
}

std::string error_of(const fs::path& path, const std::string& content) {
    try {
        write_file(path, content);
        return "no error";
    } catch (const Error& error) {
        return error.what();
    }
}

} // namespace

TEST_CASE("atomic file: the target appears at commit, whole, and nothing is left beside it") {
    const TempFolder folder;
    const fs::path path = folder / "weights.h5";
    put(path, "old");
    {
        AtomicFile file(path);
        file.write("new ");
        file.write("content");
        CHECK(get(path) == "old");
        CHECK(file.temporary().parent_path() == folder.path());
        file.commit();
    }
    CHECK(get(path) == "new content");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic file: without commit the old file stays and the temporary one goes") {
    const TempFolder folder;
    put(folder / "a", "old");
    { AtomicFile(folder / "a").write("half"); }
    CHECK(get(folder / "a") == "old");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic file: a library may write to the temporary file by its name") {
    const TempFolder folder;
    AtomicFile file(folder / "a");
    put(file.temporary(), "written by name");
    file.commit();
    CHECK(get(folder / "a") == "written by name");
}

TEST_CASE("atomic file: what a killed writer left is written over") {
    const TempFolder folder;
    put(folder / "a", "old");
    const pid_t child = ::fork();
    if (child == 0) {
        AtomicFile file(folder / "a");
        file.write("a long half of a file");
        ::raise(SIGKILL);
    }
    ::waitpid(child, nullptr, 0);
    CHECK(get(folder / "a") == "old");
    CHECK(files_in(folder.path()) == 2);
    write_file(folder / "a", std::string_view("new"));
    CHECK(get(folder / "a") == "new");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic file: a writer killed at any moment leaves one of its whole files") {
    const TempFolder folder;
    const auto content = [](int round) {
        return std::string(200000, static_cast<char>('a' + round % 26));
    };
    put(folder / "a", content(0));
    for (int kill = 0; kill < 40; ++kill) {
        const pid_t child = ::fork();
        if (child == 0)
            for (int round = 0;; ++round)
                write_file(folder / "a", content(round));
        ::usleep(static_cast<useconds_t>(500 + 377 * kill % 9000));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        const std::string found = get(folder / "a");
        REQUIRE(found.size() == 200000);
        REQUIRE(found == std::string(200000, found[0]));
    }
}

TEST_CASE("atomic file: two writers at once do not mix their bytes") {
    const TempFolder folder;
    AtomicFile first(folder / "a");
    AtomicFile second(folder / "a");
    first.write("first");
    second.write("second");
    first.commit();
    CHECK(get(folder / "a") == "first");
    second.commit();
    CHECK(get(folder / "a") == "second");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic file: a symbolic link stays a link, permissions stay as they were") {
    const TempFolder folder;
    put(folder / "target", "old");
    fs::permissions(folder / "target", fs::perms::owner_read | fs::perms::owner_write);
    fs::create_symlink("target", folder / "link");
    write_file(folder / "link", std::string_view("new"));
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(get(folder / "target") == "new");
    CHECK(fs::status(folder / "target").permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("atomic file: devices are written directly") {
    write_file("/dev/null", std::string_view("text"));
    CHECK(fs::is_character_file("/dev/null"));
    CHECK(error_of("/dev/full", "text") == "/dev/full: cannot write: No space left on device");
}

TEST_CASE("atomic file: a path that cannot be written is named with the reason") {
    const TempFolder folder;
    CHECK(error_of(folder / "missing/a", "x") ==
          (folder / "missing/a").string() + ": cannot write: No such file or directory");
    CHECK(error_of(folder.path(), "x") ==
          folder.path().string() + ": cannot write: Is a directory");
}

TEST_CASE("atomic file: a file-size limit leaves the old file whole") {
    const TempFolder folder;
    put(folder / "a", "old");
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{4096, before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &small);
    const std::string message = error_of(folder / "a", std::string(100000, 'x'));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    CHECK(message == (folder / "a").string() + ": cannot write: File too large");
    CHECK(get(folder / "a") == "old");
    CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("atomic file: a full disk leaves the old file whole") {
    const TempFolder folder;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
        WARN("skipped: mounting a small file system needs root");
        return;
    }
    put(folder / "a", "old");
    const std::string message = error_of(folder / "a", std::string(1 << 20, 'x'));
    const std::string content = get(folder / "a");
    const std::size_t count = files_in(folder.path());
    ::umount(folder.path().c_str());
    CHECK(message == (folder / "a").string() + ": cannot write: No space left on device");
    CHECK(content == "old");
    CHECK(count == 1);
}
