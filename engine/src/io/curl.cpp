#include "io/curl.hpp"

#include "lamina/error.hpp"

#include <boost/dll/shared_library.hpp>
#include <string>

namespace lamina {
namespace {

template <typename Function>
Function* symbol(boost::dll::shared_library& library, const char* name) {
    return &library.get<Function>(name);
}

Curl load() {
    static boost::dll::shared_library& library = *new boost::dll::shared_library;
    // Debian has two builds with one interface, which differ in the TLS library alone.
    for (const char* file : {"libcurl.so.4", "libcurl-gnutls.so.4"}) {
        boost::dll::fs::error_code error;
        library.load(file, error, boost::dll::load_mode::search_system_folders);
        if (error)
            continue;
        symbol<decltype(curl_global_init)>(library, "curl_global_init")(CURL_GLOBAL_DEFAULT);
        return {symbol<decltype(curl_easy_init)>(library, "curl_easy_init"),
                symbol<decltype(curl_easy_cleanup)>(library, "curl_easy_cleanup"),
                symbol<decltype(curl_easy_setopt)>(library, "curl_easy_setopt"),
                symbol<decltype(curl_easy_perform)>(library, "curl_easy_perform"),
                symbol<decltype(curl_easy_strerror)>(library, "curl_easy_strerror")};
    }
    throw Error(StatusCode::Unsupported,
                "downloads need libcurl, which is not installed (Debian: libcurl4)");
}

} // namespace

const Curl& Curl::instance() {
    static const Curl curl = load();
    return curl;
}

} // namespace lamina
