#include "kernels/map_step.hpp"

#include <algorithm>
#include <utility>

#include "codegen/passes.hpp"
#include "kernels/storage.hpp"

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

// Temporaries are made of so many elements of the space at a time: 16 MiB each of f32, and still
// many more than a device has threads.
constexpr int64_t kTemporaryElements = int64_t{4} << 20;
// Parts of dense operands of any dtype begin at aligned offsets after multiples of this.
constexpr int64_t kGrain = 256;

bool binds_too_many(const Limits& limits, const Map& map) {
    return map.inputs.size() + map.outputs.size() > limits.max_bindings;
}

int64_t temporary_elements(const Limits& limits, const Map& map) {
    const auto bindable = static_cast<int64_t>(limits.max_range / sizeof(int64_t));
    return std::min({plugin::elements(map.space), kTemporaryElements, bindable});
}

uint64_t temporary_bytes(const Limits& limits, const Map& map, int64_t element_bytes) {
    return aligned(limits, static_cast<uint64_t>(temporary_elements(limits, map) * element_bytes));
}

/// A map's dispatches: part by part of its space, each of which every operand's part fits a binding
/// and, where the map is cut into passes, all temporaries.
class Dispatcher {
  public:
    Dispatcher(Step& step, const Map& map, std::span<const Operand> inputs,
               std::span<const Operand> outputs, uint64_t temporaries)
        : step_(step), inputs_(inputs), outputs_(outputs) {
        if (!binds_too_many(step.limits, map))
            return;
        passes_ = cut_into_passes(map, step.limits.max_bindings);
        most_elements_ = temporary_elements(step.limits, map);
        for (const int64_t bytes : passes_.temporaries) {
            const uint64_t all = temporary_bytes(step.limits, map, bytes);
            temporaries_.push_back(step.workspace(temporaries, all));
            temporaries += all;
        }
    }

    /// Halves the space until it fits.
    void parts(const Map& map) {
        Map part = map;
        uint64_t largest = 0;
        const auto narrow = [&](std::vector<View>& views, std::span<const Operand> whole) {
            std::vector<Operand> operands;
            for (size_t i = 0; i < views.size(); ++i) {
                const auto [first, last] = reach_of(views[i], map.space);
                const Part p =
                    part_of(step_.limits, whole[i], first, last, plugin::size_of(views[i].dtype));
                views[i].base += p.ahead - first;
                operands.push_back(p.operand);
                largest = std::max(largest, p.operand.bytes);
            }
            return operands;
        };
        const auto inputs = narrow(part.inputs, inputs_);
        const auto outputs = narrow(part.outputs, outputs_);
        if (largest <= step_.limits.max_range && plugin::elements(map.space) <= most_elements_)
            return one(part, inputs, outputs);

        size_t d = 0;
        while (d < map.space.size() && map.space[d] == 1)
            ++d;
        if (d == map.space.size())
            plugin::unsupported("an element beyond the device's storage range");
        const int64_t half = (map.space[d] + 1) / 2;
        const int64_t points = half > kGrain ? (half + kGrain - 1) / kGrain * kGrain : half;
        Map head = map, tail = map;
        head.space[d] = points;
        tail.space[d] -= points;
        for (std::vector<View>* views : {&tail.inputs, &tail.outputs})
            for (View& view : *views)
                view = without_first(view, d, points);
        parts(head);
        parts(tail);
    }

    void one(const Map& map, std::span<const Operand> inputs, std::span<const Operand> outputs) {
        if (passes_.list.empty())
            return dispatch_whole(step_, map, inputs, outputs);
        for (const Pass& pass : passes_.list) {
            Map of_pass;
            of_pass.space = map.space;
            of_pass.expression = pass.expression;
            of_pass.results = pass.results;
            std::vector<Operand> reads, writes;
            for (const PassBuffer& b : pass.inputs) {
                of_pass.inputs.push_back(view_of(map, b));
                reads.push_back(operand_of(map, b, inputs, outputs));
            }
            for (size_t j = 0; j < pass.outputs.size(); ++j) {
                const PassBuffer& b = pass.outputs[j];
                of_pass.outputs.push_back(view_of(map, b));
                writes.push_back(operand_of(map, b, inputs, outputs));
            }
            dispatch_whole(step_, of_pass, reads, writes);
        }
    }

  private:
    using Kind = PassBuffer::Kind;

    View view_of(const Map& map, const PassBuffer& b) const {
        if (b.kind == Kind::input)
            return map.inputs[b.index];
        if (b.kind == Kind::output)
            return map.outputs[b.index];
        View view = dense_view(b.dtype, map.space);
        view.unrounded = is_half(b.dtype);
        return view;
    }
    Operand operand_of(const Map& map, const PassBuffer& b, std::span<const Operand> inputs,
                       std::span<const Operand> outputs) const {
        if (b.kind == Kind::input)
            return inputs[b.index];
        if (b.kind == Kind::output)
            return outputs[b.index];
        Operand temporary = temporaries_[b.index];
        temporary.bytes =
            static_cast<uint64_t>(plugin::elements(map.space) * passes_.temporaries[b.index]);
        return temporary;
    }

    Step& step_;
    std::span<const Operand> inputs_, outputs_;
    Passes passes_; // none where all buffers may be bound at once
    std::vector<Operand> temporaries_;
    int64_t most_elements_ = INT64_MAX;
};

} // namespace

void dispatch_map(Step& step, Map map, std::vector<Operand> inputs, std::vector<Operand> outputs,
                  uint64_t temporaries) {
    const auto fits = [&](const Operand& o) { return o.bytes <= step.limits.max_range; };
    const bool whole = std::all_of(inputs.begin(), inputs.end(), fits) &&
                       std::all_of(outputs.begin(), outputs.end(), fits) &&
                       !binds_too_many(step.limits, map);
    if (plugin::elements(map.space) == 0)
        return;
    if (!whole)
        simplify(map);
    Dispatcher dispatcher(step, map, inputs, outputs, temporaries);
    if (whole)
        dispatcher.one(map, inputs, outputs);
    else
        dispatcher.parts(map);
}

uint64_t map_workspace(const Limits& limits, const Map& map) {
    if (!binds_too_many(limits, map))
        return 0;
    uint64_t bytes = 0;
    for (const int64_t size : cut_into_passes(map, limits.max_bindings).temporaries)
        bytes += temporary_bytes(limits, map, size);
    return bytes;
}

void dispatch_add(Step& step, Operand sum, Operand term, int64_t elements) {
    Map map;
    map.space = {elements};
    map.outputs = {dense_view(LM_F32, map.space)};
    map.inputs = {map.outputs[0], map.outputs[0]};
    map.expression = plugin::Expression::parse("add i0 i1");
    map.results = {0};
    dispatch_map(step, std::move(map), {sum, term}, {sum});
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
