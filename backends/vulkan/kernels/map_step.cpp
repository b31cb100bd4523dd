#include "kernels/map_step.hpp"

#include <algorithm>
#include <utility>

namespace lamina::vulkan {

namespace {

void dispatch_whole(Step& step, const Map& map, std::span<const Operand> inputs,
                    std::span<const Operand> outputs) {
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

/// The first and the last element that a view reaches from the space.
std::pair<int64_t, int64_t> reach_of(const View& view, const std::vector<int64_t>& space) {
    int64_t first = view.base, last = view.base;
    for (size_t d = 0; d < space.size(); ++d) {
        int64_t begin = 0, end = space[d] - 1;
        if (!view.bounds.empty()) {
            begin = std::max<int64_t>(begin, view.bounds[d].low);
            end = std::min(end, view.bounds[d].low + view.bounds[d].extent - 1);
            if (begin > end)
                return {0, 0}; // all fill
        }
        first += view.strides[d] * (view.strides[d] >= 0 ? begin : end);
        last += view.strides[d] * (view.strides[d] >= 0 ? end : begin);
    }
    return {first, last};
}

/// The view of the space without its first points along a dimension.
View without_first(View view, size_t dimension, int64_t points) {
    view.base += points * view.strides[dimension];
    if (!view.bounds.empty())
        view.bounds[dimension].low -= points;
    return view;
}

/// Halves the space until every operand's part fits a binding.
void dispatch_parts(Step& step, const Map& map, std::span<const Operand> inputs,
                    std::span<const Operand> outputs) {
    Map part = map;
    uint64_t largest = 0;
    const auto narrow = [&](std::vector<View>& views, std::span<const Operand> whole) {
        std::vector<Operand> parts;
        for (size_t i = 0; i < views.size(); ++i) {
            const auto [first, last] = reach_of(views[i], map.space);
            const Part p =
                part_of(step.limits, whole[i], first, last, plugin::size_of(views[i].dtype));
            views[i].base += p.ahead - first;
            parts.push_back(p.operand);
            largest = std::max(largest, p.operand.bytes);
        }
        return parts;
    };
    const auto input_parts = narrow(part.inputs, inputs);
    const auto output_parts = narrow(part.outputs, outputs);
    if (largest <= step.limits.max_range)
        return dispatch_whole(step, part, input_parts, output_parts);

    size_t d = 0;
    while (d < map.space.size() && map.space[d] == 1)
        ++d;
    if (d == map.space.size())
        plugin::unsupported("an element beyond the device's storage range");
    // Parts of dense operands of any dtype begin at aligned offsets then.
    constexpr int64_t kGrain = 256;
    const int64_t half = (map.space[d] + 1) / 2;
    const int64_t points = half > kGrain ? (half + kGrain - 1) / kGrain * kGrain : half;
    Map head = map, tail = map;
    head.space[d] = points;
    tail.space[d] -= points;
    for (std::vector<View>* views : {&tail.inputs, &tail.outputs})
        for (View& view : *views)
            view = without_first(view, d, points);
    dispatch_parts(step, head, inputs, outputs);
    dispatch_parts(step, tail, inputs, outputs);
}

} // namespace

void dispatch_map(Step& step, Map map, std::vector<Operand> inputs, std::vector<Operand> outputs) {
    const auto fits = [&](const Operand& o) { return o.bytes <= step.limits.max_range; };
    if (std::all_of(inputs.begin(), inputs.end(), fits) &&
        std::all_of(outputs.begin(), outputs.end(), fits))
        return dispatch_whole(step, map, inputs, outputs);
    simplify(map);
    dispatch_parts(step, map, inputs, outputs);
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
