/// Batch normalisation: reductions without atomics, then one pass over x.

#include "kernels/map_step.hpp"
#include "kernels/reduce.hpp"

namespace lamina::vulkan {

namespace {

using plugin::Expression;

/// What the three operators share: x's dims, the channels and how to reduce to them.
struct Channels {
    std::vector<int64_t> dims, vector_dims, others;
    int64_t count = 1; // channels
    lm_dtype dtype;    // of x, y and their gradients; the vectors are f32
    float epsilon;

    explicit Channels(const Node& node)
        : dims(node.input(0).type().dims), dtype(node.input(0).dtype()),
          epsilon(static_cast<float>(node.number("epsilon"))) {
        const auto rank = static_cast<int64_t>(dims.size());
        const int64_t axis = node.integer("axis") + (node.integer("axis") < 0 ? rank : 0);
        vector_dims.assign(dims.size(), 1);
        for (int64_t d = 0; d < rank; ++d) {
            if (d != axis)
                others.push_back(d);
            else
                vector_dims[static_cast<size_t>(d)] = count = dims[static_cast<size_t>(d)];
        }
    }
    int64_t samples() const { return count > 0 ? plugin::elements(dims) / count : 0; }
    ReducePlan reduction() const { return ReducePlan::of(dims, others); }
    uint64_t vector_bytes() const { return static_cast<uint64_t>(count) * sizeof(float); }
    View whole() const { return dense_view(dtype, dims); }
    View along() const { return broadcast_view(LM_F32, vector_dims, dims); }
    View vector() const { return dense_view(LM_F32, std::span(&count, 1)); }
};

std::string text(float value) {
    plugin::Instruction copy;
    copy.args = {{plugin::Argument::Kind::constant, 0, value}};
    return Expression{{copy}}.text().substr(sizeof "copy"); // c0.001
}

/// A map over channels: every operand is a vector of them.
void dispatch_vectors(Step& step, const Channels& c, const std::string& program,
                      std::vector<int64_t> results, std::vector<Operand> inputs,
                      std::vector<Operand> outputs) {
    Map map;
    map.space = {c.count};
    map.inputs.assign(inputs.size(), c.vector());
    map.outputs.assign(outputs.size(), c.vector());
    map.expression = Expression::parse(program);
    map.results = std::move(results);
    dispatch_map(step, map, std::move(inputs), std::move(outputs));
}

/// y = (x - mean) * scale + beta, with scale = gamma / sqrt(variance + epsilon) at the start of the
/// workspace.
void dispatch_normalise(Step& step, const Channels& c, Operand gamma, Operand beta, Operand mean,
                        Operand variance) {
    const Operand scale = step.workspace(0, c.vector_bytes());
    dispatch_vectors(step, c, "add i1 " + text(c.epsilon) + ";sqrt t0;div i0 t1", {2},
                     {gamma, variance}, {scale});
    Map map;
    map.space = c.dims;
    map.inputs = {c.whole(), c.along(), c.along(), c.along()};
    map.outputs = {c.whole()};
    map.expression = Expression::parse("cast_f32 i0;sub t0 i1;mul t1 i2;add t2 i3;cast_" +
                                       std::string(plugin::dtype_name(c.dtype)) + " t3");
    map.results = {4};
    dispatch_map(step, map, {step.in(0), mean, scale, beta}, {step.out()});
}

uint64_t aligned(const Limits& limits, uint64_t bytes) {
    return (bytes + limits.alignment - 1) / limits.alignment * limits.alignment;
}

Plan plan_of(const Limits& limits, const Node& node, int passes, int dispatches) {
    require_product_dtypes(node);
    const Channels c(node);
    const double bytes = static_cast<double>(node.input(0).bytes()) * passes;
    const uint64_t workspace =
        aligned(limits, 3 * aligned(limits, c.vector_bytes())) + c.reduction().workspace_bytes();
    return {limits.seconds(0, bytes, dispatches), workspace, 0, "reassociated"};
}

struct Training {
    static Plan describe(const Limits& limits, const Node& node) {
        require_bindings(limits, 5);
        return plan_of(limits, node, 4, 6);
    }
    static void build(Step& step, const Node& node) {
        const Channels c(node);
        const ReducePlan plan = c.reduction();
        const float share = 1.0f / static_cast<float>(c.samples());
        ReduceOperands o{c.dtype, step.in(0),  {},
                         {},      step.out(1), aligned(step.limits, c.vector_bytes())};
        dispatch_reduce(step, plan, Reduction::sum, Reduced::x, share, o);
        o.mean = step.out(1);
        o.result = step.out(2);
        dispatch_reduce(step, plan, Reduction::sum, Reduced::squared_deviation, share, o);
        dispatch_normalise(step, c, step.in(1), step.in(2), step.out(1), step.out(2));
    }
};
LAMINA_VULKAN_KERNEL(training, "batch_norm_training", "two_pass", 10, Training)

struct Inference {
    static Plan describe(const Limits& limits, const Node& node) {
        require_bindings(limits, 5);
        return plan_of(limits, node, 2, 2);
    }
    static void build(Step& step, const Node& node) {
        dispatch_normalise(step, Channels(node), step.in(1), step.in(2), step.in(3), step.in(4));
    }
};
LAMINA_VULKAN_KERNEL(inference, "batch_norm_inference", "scale", 10, Inference)

struct Gradient {
    static Plan describe(const Limits& limits, const Node& node) {
        require_bindings(limits, 7);
        return plan_of(limits, node, 6, 7);
    }
    static void build(Step& step, const Node& node) {
        const Channels c(node);
        const ReducePlan plan = c.reduction();
        const Operand x = step.in(0), gamma = step.in(1), mean = step.in(2), variance = step.in(3),
                      dy = step.in(4), dgamma = step.out(1), dbeta = step.out(2);
        const uint64_t vector = aligned(step.limits, c.vector_bytes());
        const uint64_t partial = aligned(step.limits, 3 * vector);
        dispatch_reduce(step, plan, Reduction::sum, Reduced::x, 1.0f,
                        {c.dtype, dy, {}, {}, dbeta, partial});
        // Sum of dy (x - mean), which lacks the factor r = 1 / sqrt(variance + epsilon) of dgamma.
        const Operand scale = step.workspace(0, c.vector_bytes()),
                      share = step.workspace(vector, c.vector_bytes()),
                      slope = step.workspace(2 * vector, c.vector_bytes());
        dispatch_reduce(step, plan, Reduction::sum, Reduced::product_deviation, 1.0f,
                        {c.dtype, x, dy, mean, slope, partial});
        const std::string n = text(1.0f / static_cast<float>(c.samples()));
        // dgamma = r sum; scale = gamma r.
        dispatch_vectors(step, c, "add i0 " + text(c.epsilon) + ";sqrt t0;div i1 t1;div i2 t1",
                         {2, 3}, {variance, slope, gamma}, {dgamma, scale});
        // slope = r dgamma / n, in the place of the sum; share = dbeta / n.
        dispatch_vectors(step, c,
                         "add i0 " + text(c.epsilon) + ";sqrt t0;div i1 t1;mul t2 " + n +
                             ";mul i2 " + n,
                         {3, 4}, {variance, dgamma, dbeta}, {slope, share});
        Map map;
        map.space = c.dims;
        map.inputs = {c.whole(), c.whole(), c.along(), c.along(), c.along(), c.along()};
        map.outputs = {c.whole()};
        map.expression = Expression::parse(
            "cast_f32 i0;cast_f32 i1;sub t0 i2;mul t2 i5;sub t1 i4;sub t4 t3;mul t5 i3;cast_" +
            std::string(plugin::dtype_name(c.dtype)) + " t6");
        map.results = {7};
        dispatch_map(step, map, {x, dy, mean, scale, share, slope}, {step.out()});
    }
};
LAMINA_VULKAN_KERNEL(gradient, "batch_norm_grad", "two_pass", 10, Gradient)

} // namespace

} // namespace lamina::vulkan
