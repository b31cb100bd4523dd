/// A graph under construction, for tests of shape rules and gradients.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "graph/builder.hpp"
#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "lamina/plugin/graph.hpp"
#include "plugins/host.hpp"

namespace lamina::test {

using plugin::Attrs;
using plugin::Dims;
using plugin::Value;
using plugin::Values;

class Build {
  public:
    Value input(const Dims& dims, lm_dtype dtype = LM_F32) {
        const auto type = from_plugin(dtype, static_cast<int32_t>(dims.size()), dims.data());
        return {graph, target.add_input("x" + std::to_string(inputs_++), type)};
    }
    Values nodes(const char* op, const Values& inputs, const Attrs& attrs = {}) {
        return graph.nodes(op, inputs, attrs);
    }
    Value node(const char* op, const Values& inputs, const Attrs& attrs = {}) {
        return nodes(op, inputs, attrs).at(0);
    }

    Graph target;
    BuildHooks hooks;
    lm_graph context{target, hooks, LM_MODE_TRAIN, "", "", {}};
    plugin::Graph graph{host_table(), &context};

  private:
    int inputs_ = 0;
};

/// What the shape rule says against the node; "" when it accepts.
inline std::string refusal(Build& build, const char* op, const Values& inputs,
                           const Attrs& attrs = {}) {
    try {
        build.nodes(op, inputs, attrs);
        return "";
    } catch (const plugin::Error& e) {
        return e.what();
    }
}

inline plugin::TensorType f32(const Dims& dims) { return {LM_F32, dims}; }

} // namespace lamina::test

/// Catch prints a shape as [2, 3].
template <>
struct Catch::StringMaker<lamina::plugin::TensorType> {
    static std::string convert(const lamina::plugin::TensorType& t) {
        return lamina::plugin::dtype_name(t.dtype) + lamina::plugin::to_string(t.dims);
    }
};
