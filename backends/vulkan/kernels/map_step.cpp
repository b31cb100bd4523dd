#include "kernels/map_step.hpp"

#include <algorithm>

namespace lamina::vulkan {

void dispatch_map(Step& step, const Map& map, std::vector<Operand> inputs,
                  std::vector<Operand> outputs) {
    const MapModule module = compile(map, line_workgroup(step.limits), step.limits.max_groups);
    if (module.groups == 0)
        return;
    std::vector<Binding> bindings;
    for (const Operand& o : inputs)
        bindings.push_back(reads(o));
    for (const Operand& o : outputs)
        bindings.push_back(writes(o));
    const auto rows = static_cast<uint32_t>((module.groups + module.row - 1) / module.row);
    step.dispatch(module.words, {}, {}, bindings, {module.row, rows, 1});
}

Map copy_map(std::vector<int64_t> space, View from, View to) {
    Map map;
    map.space = std::move(space);
    map.inputs = {std::move(from)};
    map.outputs = {std::move(to)};
    map.expression = plugin::Expression::parse("copy i0");
    map.results = {0};
    return map;
}

std::vector<int64_t> dense_strides(std::span<const int64_t> dims) {
    std::vector<int64_t> strides(dims.size(), 1);
    for (size_t d = dims.size(); d-- > 1;)
        strides[d - 1] = strides[d] * dims[d];
    return strides;
}

View dense_view(lm_dtype dtype, std::span<const int64_t> dims) {
    View view;
    view.dtype = dtype;
    view.strides = dense_strides(dims);
    return view;
}

size_t positive_axis(int64_t axis, int64_t rank) {
    return static_cast<size_t>(axis < 0 ? axis + rank : axis);
}

uint32_t line_workgroup(const Limits& limits) {
    // 128 runs on every device and hides latency on all; elementwise kernels gain nothing from
    // more.
    return std::min<uint32_t>(limits.max_invocations, 128);
}

void require_bindings(const Limits& limits, int64_t count) {
    if (count > static_cast<int64_t>(limits.max_bindings))
        plugin::unsupported("it would bind " + std::to_string(count) +
                            " buffers; the device takes " + std::to_string(limits.max_bindings));
}

double streaming_seconds(const Limits& limits, const Node& node, double operations) {
    double bytes = 0;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        bytes += static_cast<double>(node.input(i).bytes());
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        bytes += static_cast<double>(node.output(i).bytes());
    return limits.seconds(operations * static_cast<double>(node.output().elements()), bytes);
}

uint64_t in_place_inputs(const Node& node) {
    uint64_t mask = 0;
    const auto out = node.output();
    for (int64_t i = 0; i < node.n_inputs(); ++i) {
        const auto in = node.input(i);
        if (plugin::size_of(in.dtype()) == plugin::size_of(out.dtype()) &&
            std::equal(in.dims().begin(), in.dims().end(), out.dims().begin(), out.dims().end()))
            mask |= uint64_t{1} << i;
    }
    return mask;
}

} // namespace lamina::vulkan
