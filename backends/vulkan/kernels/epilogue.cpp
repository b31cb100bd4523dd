#include "kernels/epilogue.hpp"

#include <algorithm>

#include "kernels/map_step.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::vulkan {

using plugin::Argument;
using plugin::Element;
using plugin::Expression;

namespace {

/// Is this one value for each channel, whatever the rest?
bool is_bias(const plugin::TensorView& extra, const plugin::TensorView& result, int64_t channels,
             int64_t channel_axis) {
    const int64_t at = extra.rank() - (result.rank() - channel_axis);
    return extra.dtype() == result.dtype() && extra.elements() == channels &&
           (channels == 1 || (at >= 0 && extra.dim(at) == channels));
}

} // namespace

bool Epilogue::match(const Node& node, int64_t channels, int64_t channel_axis) {
    using Kind = Argument::Kind;
    const auto program = Expression::parse(rest_).instructions;
    size_t next = 0;
    Argument value{Kind::input, 0, 0.0f}; // what the next instruction must take
    const Argument extra{Kind::input, 1, 0.0f};
    if (program[0].op == Element::add) {
        const auto& args = program[0].args;
        if (!(args[0] == value && args[1] == extra) && !(args[1] == value && args[0] == extra))
            return false;
        if (!is_bias(node.input(static_cast<int64_t>(first_extra_)), node.output(), channels,
                     channel_axis))
            return false;
        add_bias = 1;
        value = {Kind::temp, 0, 0.0f};
        next = 1;
    }
    if (next < program.size()) {
        constexpr Element activations[] = {Element::relu, Element::sigmoid, Element::tanh};
        const auto* found =
            std::find(std::begin(activations), std::end(activations), program[next].op);
        if (found == std::end(activations) || !(program[next].args[0] == value))
            return false;
        activation = static_cast<uint32_t>(found - activations) + 1;
        ++next;
    }
    return next == program.size();
}

Epilogue Epilogue::of(const Limits& limits, const Node& node, int64_t first_extra, int64_t channels,
                      int64_t channel_axis) {
    Epilogue result;
    result.first_extra_ = static_cast<size_t>(first_extra);
    result.rest_ = node.string("epilogue");
    result.result = plugin::result_dtype(node);
    if (result.result != node.output().dtype())
        plugin::unsupported("an epilogue that gives another dtype than the product's");
    if (result.rest_.empty())
        return result;
    if (result.match(node, channels, channel_axis)) {
        result.rest_.clear();
        return result;
    }
    result.add_bias = result.activation = 0;
    std::vector<lm_dtype> dtypes{result.result};
    for (int64_t i = first_extra; i < node.n_inputs(); ++i)
        dtypes.push_back(node.input(i).dtype());
    check_map(Expression::parse(result.rest_), dtypes);
    result.temporaries = map_workspace(limits, result.pass(node));
    return result;
}

Operand Epilogue::bias(const Step& step, Operand otherwise) const {
    return add_bias != 0 ? step.in(first_extra_) : otherwise;
}

double Epilogue::seconds(const Limits& limits, const Node& node) const {
    if (rest_.empty())
        return 0;
    double bytes = 2.0 * static_cast<double>(node.output().bytes());
    for (int64_t i = static_cast<int64_t>(first_extra_); i < node.n_inputs(); ++i)
        bytes += static_cast<double>(node.input(i).bytes());
    return limits.seconds(0, bytes);
}

Map Epilogue::pass(const Node& node) const {
    const auto dims = node.output().dims();
    Map map;
    map.space.assign(dims.begin(), dims.end());
    map.inputs = {dense_view(result, dims)};
    for (int64_t i = static_cast<int64_t>(first_extra_); i < node.n_inputs(); ++i)
        map.inputs.push_back(broadcast_view(node.input(i).dtype(), node.input(i).dims(), dims));
    map.outputs = {dense_view(result, dims)};
    map.expression = Expression::parse(rest_);
    map.results = {static_cast<int64_t>(map.expression.instructions.size()) - 1};
    return map;
}

void Epilogue::finish(Step& step, const Node& node) const {
    if (rest_.empty())
        return;
    std::vector<Operand> inputs{step.out()};
    for (size_t i = first_extra_; i < step.n_inputs(); ++i)
        inputs.push_back(step.in(i));
    dispatch_map(step, pass(node), std::move(inputs), {step.out()});
}

} // namespace lamina::vulkan
