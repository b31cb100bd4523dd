// The reference backend: the meaning of every operator, in plain loops.
#include "lamina/plugin/host_backend.hpp"

namespace lamina::reference {
namespace {

struct Reference {
    static constexpr auto schema =
        R"({"memory_limit_mib": {"type": "int", "default": 0, "min": 0}})";
    static constexpr auto doc = "plain loops in double precision: the oracle for other backends";
    static constexpr auto type = "cpu";
    static std::string name() { return "host memory"; }
    static std::string details() { return R"({"accumulation": "f64"})"; }
};

LAMINA_HOST_BACKEND(reference, Reference)

} // namespace
} // namespace lamina::reference

LAMINA_PLUGIN("reference", "0.1.0")
