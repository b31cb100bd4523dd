/// Runs one kernel of the reference backend, straight from its lm_kernel table.
#pragma once

#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "lamina/registry.hpp"
#include "plugins/host.hpp"

namespace lamina::test {

using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;
inline constexpr float Inf = std::numeric_limits<float>::infinity();
inline constexpr float NaN = std::numeric_limits<float>::quiet_NaN();

inline Registry& registry() {
    static const bool once = (set_plugin_path({LAMINA_TEST_PLUGIN_DIR}), true);
    (void)once;
    return Registry::global();
}

/// The outputs of op{attrs}(inputs); their memory is filled with 0xff (NaN) before.
inline std::vector<Tensor> run(const std::string& op, const std::vector<Tensor>& inputs,
                               const Attributes& attrs = {}) {
    const Part part = registry().find("kernel", op + "/reference/plain");
    const auto& kernel = part.as<lm_kernel>();

    Graph graph;
    std::vector<ValueId> ids;
    for (const Tensor& t : inputs)
        ids.push_back(graph.add_input("x" + std::to_string(ids.size()), {t.dtype(), t.shape()}));
    add_operator(graph, op, op, "", ids, attrs);
    const auto node = describe_node(graph, graph.nodes().back());

    std::vector<Tensor> outputs;
    for (const ValueId v : graph.nodes().back().outputs) {
        outputs.push_back(Tensor::uninitialized(graph.type(v).dtype, graph.type(v).shape));
        std::memset(outputs.back().raw(), 0xff, outputs.back().bytes());
    }
    std::vector<const void*> in;
    std::vector<void*> out;
    for (const Tensor& t : inputs)
        in.push_back(t.raw());
    for (Tensor& t : outputs)
        out.push_back(t.raw());

    lm_candidate candidate{};
    candidate.struct_size = sizeof candidate;
    call(kernel.describe, host_table(), &node->desc(), &candidate);
    const lm_kernel_args args{sizeof args,  in.data(), out.data(), nullptr,
                              host_table(), nullptr,   1};
    void* state = nullptr;
    call(kernel.prepare, host_table(), &node->desc(), &state);
    call(kernel.run, state, &node->desc(), &args);
    kernel.release(state);
    return outputs;
}

inline Tensor tensor(const Shape& shape, const Floats& values) {
    return Tensor::from(values, shape);
}
inline Tensor integers(const Shape& shape, const Ints& values) {
    return Tensor::from(values, shape);
}
/// Of any dtype, through its cast.
inline Tensor as(DType dtype, const Tensor& values) { return values.cast(dtype); }

template <class T = float>
std::vector<T> values(const Tensor& t) {
    const auto data = t.data<T>();
    return {data.begin(), data.end()};
}

/// The only output, as floats.
inline Floats floats(const std::string& op, const std::vector<Tensor>& inputs,
                     const Attributes& attrs = {}) {
    return values(run(op, inputs, attrs).at(0).cast(DType::F32));
}

} // namespace lamina::test
