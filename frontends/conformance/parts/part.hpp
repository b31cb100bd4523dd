/// The self-tests of a plugin's parts, one part in a process: what `lamina plugin check` starts.
///
/// A file of this folder tests the parts of a kind:
///     PART_TEST(layer) { check.run("shapes", [&] { return ...; }); }
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "lamina/registry.hpp"
#include "lamina/shape.hpp"
#include "test.hpp"

namespace lamina::conformance {

using Json = nlohmann::ordered_json;

/// A part with what it is to be tested on.
struct Subject {
    Part part;
    Json schema;
    Json config;                       // the author's, or what the schema's required keys ask for
    std::vector<Shape> inputs;         // of samples, where the author says so
    std::vector<std::string> backends; // present ones, without the reference
    std::string data_dir;

    const std::string& name() const { return part.name; }
    /// NAME[:key=value,...] with the configuration.
    std::string spec() const;
    /// {"class_name", "config"}.
    Json json() const { return {{"class_name", part.name}, {"config", config}}; }
};

/// Runs checks and tells each before it begins and when it has ended, a line of JSON behind a mark,
/// so that whoever reads them knows where this process crashed or hung.
class Checks {
  public:
    /// The body returns what is wrong, "" for nothing. What it throws is wrong too, but for
    /// Error(Unsupported): that leaves the check out.
    void run(const std::string& what, const std::function<std::string()>& body);
    /// A check that cannot be made, and why.
    void skip(const std::string& what, const std::string& why);
    /// The results of a conformance test as checks.
    void add(const std::string& what, const std::function<std::vector<Result>()>& test);

    static constexpr const char* mark = "lamina-check: ";
};

using PartTest = void (*)(const Subject&, Checks&);

/// By kind.
std::map<std::string, PartTest>& part_tests();

struct PartTestSource {
    PartTestSource(const char* kind, PartTest test) { part_tests()[kind] = test; }
};

struct PartOptions {
    std::string file;                 // the plugin's
    std::string part;                 // KIND/NAME; "": load it and look at every schema
    std::string config;               // JSON; "": made from the schema
    std::vector<std::string> inputs;  // "8x8x3"
    std::vector<std::string> folders; // searched for plugins besides
    std::string data_dir;
};

/// The whole life of the process. The exit code: 0 when every check passed or was left out.
int check_part(const PartOptions& options);

/// A configuration that the schema accepts: a value for each required key.
Json sample_configuration(const Json& schema);

} // namespace lamina::conformance

#define PART_TEST(kind)                                                                            \
    static void kind##_part_test(const ::lamina::conformance::Subject& subject,                    \
                                 ::lamina::conformance::Checks& check);                            \
    static const ::lamina::conformance::PartTestSource kind##_part_source(#kind,                   \
                                                                          kind##_part_test);       \
    static void kind##_part_test(const ::lamina::conformance::Subject& subject,                    \
                                 ::lamina::conformance::Checks& check)
