#pragma once

// curl checks option types by macros, which would hide the functions behind the pointers below.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt

namespace lamina {

/// libcurl, loaded at the first download: loading its forty dependencies takes 6 ms, which every
/// start of every program would pay otherwise.
struct Curl {
    decltype(&curl_easy_init) easy_init;
    decltype(&curl_easy_cleanup) easy_cleanup;
    decltype(&curl_easy_setopt) easy_setopt;
    decltype(&curl_easy_perform) easy_perform;
    decltype(&curl_easy_strerror) easy_strerror;

    /// Throws Error(Unsupported) where libcurl is not installed. Never unloaded: curl keeps global
    /// state that other users in the process may share.
    static const Curl& instance();
};

} // namespace lamina
