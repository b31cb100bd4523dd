#include "lamina/paths.hpp"

#include "lamina/error.hpp"

#include <boost/dll/runtime_symbol_info.hpp>
#include <cstdlib>
#include <pwd.h>
#include <string>
#include <unistd.h>

namespace lamina {
namespace {

namespace fs = std::filesystem;

fs::path home() {
    const char* home = std::getenv("HOME");
    if (home != nullptr && *home != '\0')
        return home;
    const passwd* user = ::getpwuid(::getuid());
    if (user == nullptr || user->pw_dir == nullptr)
        throw Error(StatusCode::NotFound, "the home folder is unknown: set HOME");
    return user->pw_dir;
}

} // namespace

fs::path expand_home(std::string_view path) {
    if (path == "~")
        return home();
    if (path.starts_with("~/"))
        return home() / path.substr(2);
    return path;
}

fs::path cache_folder() {
    // The XDG specification has relative paths ignored.
    const char* cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache == '/')
        return fs::path(cache) / "lamina";
    return home() / ".cache" / "lamina";
}

fs::path data_folder() {
    const char* folder = std::getenv("LAMINA_DATA_FOLDER");
    if (folder != nullptr && *folder != '\0')
        return folder;
    // lib/liblamina.so, or lib/x86_64-linux-gnu/liblamina.so; the unit tests hold the engine
    // themselves, in tests/.
    const fs::path library = fs::canonical(boost::dll::this_line_location());
    for (fs::path up = library.parent_path(); up.has_relative_path(); up = up.parent_path())
        if (fs::is_directory(up / "share" / "lamina"))
            return up / "share" / "lamina";
    return library.parent_path().parent_path() / "share" / "lamina";
}

} // namespace lamina
