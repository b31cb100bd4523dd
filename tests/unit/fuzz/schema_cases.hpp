/// Configurations at random for a schema, and an oracle that says what is wrong with them: it reads
/// the schema language of plugins/README.md on its own, and knows nothing of the engine's reader.
#pragma once

#include <set>
#include <string>

#include "fuzz.hpp"
#include "io/json.hpp"

namespace lamina::test {

/// What is tried, and the key that is wrong beneath another one: only building can tell that.
struct Case {
    Json config;
    std::string wrong_within;
};

Case some_case(const Json& schema, Draw& draw);

/// The keys that the configuration gets wrong: unknown, of another type, out of bounds, missing.
std::set<std::string> wrong_keys(const Json& config, const Json& schema);

} // namespace lamina::test
