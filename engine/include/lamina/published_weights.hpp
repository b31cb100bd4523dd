#pragma once

#include <string>

#include "lamina/export.hpp"

namespace lamina {

/// Whether a net of the zoo, NAME[:key=value,...], has weights published under the name that `spec`
/// begins with: "imagenet".
LAMINA_API bool has_published_weights(const std::string& model, const std::string& spec);

/// The file of a zoo net's published weights: out of the cache folder (weights/FILE), else fetched
/// into it from a mirror.
///
/// model: NAME[:key=value,...]; with include_top=false it is the file without a top. spec:
/// "imagenet", or "imagenet:mirror=ADDRESS"; without, the environment's LAMINA_WEIGHTS_MIRROR is
/// the address, to which the file's name is added. The file's SHA-256 is the one that the net's
/// plugin states, else the one in FILE.sha256 beside it on the mirror; what has another never
/// appears. Throws UsageError where nothing is published under the name, and Error that says what
/// to do where no mirror is named, it does not answer, or its file has no digest or another.
LAMINA_API std::string published_weights(const std::string& model, const std::string& spec);

} // namespace lamina
