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
Map vectors(const Channels& c, size_t inputs, const std::string& program,
            std::vector<int64_t> results) {
    Map map;
    map.space = {c.count};
    map.inputs.assign(inputs, c.vector());
    map.outputs.assign(results.size(), c.vector());
    map.expression = Expression::parse(program);
    map.results = std::move(results);
    return map;
}

/// Offsets in the workspace: three vectors, what reductions take, and temporaries of maps.
struct Layout {
    uint64_t vector, reductions, temporaries, end;

    Layout(const Limits& limits, const Channels& c, std::initializer_list<Map> maps)
        : vector(aligned(limits, c.vector_bytes())), reductions(3 * vector),
          temporaries(reductions), end(0) {
        for (const Reduced what :
             {Reduced::x, Reduced::squared_deviation, Reduced::product_deviation})
            temporaries = std::max(
                temporaries,
                reductions + reduce_cost(limits, c.reduction(), what, c.dtype).workspace_bytes);
        temporaries = aligned(limits, temporaries);
        end = temporaries;
        for (const Map& map : maps)
            end = std::max(end, temporaries + map_workspace(limits, map));
    }
};

Plan plan_of(const Limits& limits, const Node& node, const Layout& layout, int passes,
             int dispatches) {
    const double bytes = static_cast<double>(node.input(0).bytes()) * passes;
    return {limits.seconds(0, bytes, dispatches), layout.end, 0, "reassociated"};
}

/// scale = gamma / sqrt(variance + epsilon).
Map scale_map(const Channels& c) {
    return vectors(c, 2, "add i1 " + text(c.epsilon) + ";sqrt t0;div i0 t1", {2});
}
/// y = (x - mean) * scale + beta.
Map normalise_map(const Channels& c) {
    Map map;
    map.space = c.dims;
    map.inputs = {c.whole(), c.along(), c.along(), c.along()};
    map.outputs = {c.whole()};
    map.expression = Expression::parse("cast_f32 i0;sub t0 i1;mul t1 i2;add t2 i3;cast_" +
                                       std::string(plugin::dtype_name(c.dtype)) + " t3");
    map.results = {4};
    return map;
}

Layout normalising(const Limits& limits, const Channels& c) {
    return {limits, c, {scale_map(c), normalise_map(c)}};
}

void dispatch_normalise(Step& step, const Channels& c, Operand gamma, Operand beta, Operand mean,
                        Operand variance) {
    const uint64_t temporaries = normalising(step.limits, c).temporaries;
    const Operand scale = step.workspace(0, c.vector_bytes());
    dispatch_map(step, scale_map(c), {gamma, variance}, {scale}, temporaries);
    dispatch_map(step, normalise_map(c), {step.in(0), mean, scale, beta}, {step.out()},
                 temporaries);
}

struct Training {
    static Plan describe(const Limits& limits, const Node& node) {
        require_product_dtypes(node);
        return plan_of(limits, node, normalising(limits, Channels(node)), 4, 6);
    }
    static void build(Step& step, const Node& node) {
        const Channels c(node);
        const ReducePlan plan = c.reduction();
        const float share = 1.0f / static_cast<float>(c.samples());
        ReduceOperands o{c.dtype, step.in(0),  {},
                         {},      step.out(1), normalising(step.limits, c).reductions};
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
        require_product_dtypes(node);
        return plan_of(limits, node, normalising(limits, Channels(node)), 2, 2);
    }
    static void build(Step& step, const Node& node) {
        dispatch_normalise(step, Channels(node), step.in(1), step.in(2), step.in(3), step.in(4));
    }
};
LAMINA_VULKAN_KERNEL(inference, "batch_norm_inference", "scale", 10, Inference)

struct Gradient {
    /// Of variance, the sum of dy (x - mean) and gamma: dgamma = r sum with
    /// r = 1 / sqrt(variance + epsilon), and scale = gamma r.
    static Map gamma_map(const Channels& c) {
        return vectors(c, 3, "add i0 " + text(c.epsilon) + ";sqrt t0;div i1 t1;div i2 t1", {2, 3});
    }
    /// Of variance, dgamma and dbeta: slope = r dgamma / n, share = dbeta / n.
    static Map slope_map(const Channels& c) {
        const std::string n = text(1.0f / static_cast<float>(c.samples()));
        return vectors(
            c, 3, "add i0 " + text(c.epsilon) + ";sqrt t0;div i1 t1;mul t2 " + n + ";mul i2 " + n,
            {3, 4});
    }
    /// Of x, dy, mean, scale, share and slope.
    static Map dx_map(const Channels& c) {
        Map map;
        map.space = c.dims;
        map.inputs = {c.whole(), c.whole(), c.along(), c.along(), c.along(), c.along()};
        map.outputs = {c.whole()};
        map.expression = Expression::parse(
            "cast_f32 i0;cast_f32 i1;sub t0 i2;mul t2 i5;sub t1 i4;sub t4 t3;mul t5 i3;cast_" +
            std::string(plugin::dtype_name(c.dtype)) + " t6");
        map.results = {7};
        return map;
    }
    static Layout layout(const Limits& limits, const Channels& c) {
        return {limits, c, {gamma_map(c), slope_map(c), dx_map(c)}};
    }
    static Plan describe(const Limits& limits, const Node& node) {
        require_product_dtypes(node);
        return plan_of(limits, node, layout(limits, Channels(node)), 6, 7);
    }
    static void build(Step& step, const Node& node) {
        const Channels c(node);
        const ReducePlan plan = c.reduction();
        const Operand x = step.in(0), gamma = step.in(1), mean = step.in(2), variance = step.in(3),
                      dy = step.in(4), dgamma = step.out(1), dbeta = step.out(2);
        const Layout at = layout(step.limits, c);
        dispatch_reduce(step, plan, Reduction::sum, Reduced::x, 1.0f,
                        {c.dtype, dy, {}, {}, dbeta, at.reductions});
        // slope holds the sum of dy (x - mean) first.
        const Operand scale = step.workspace(0, c.vector_bytes()),
                      share = step.workspace(at.vector, c.vector_bytes()),
                      slope = step.workspace(2 * at.vector, c.vector_bytes());
        dispatch_reduce(step, plan, Reduction::sum, Reduced::product_deviation, 1.0f,
                        {c.dtype, x, dy, mean, slope, at.reductions});
        dispatch_map(step, gamma_map(c), {variance, slope, gamma}, {dgamma, scale}, at.temporaries);
        dispatch_map(step, slope_map(c), {variance, dgamma, dbeta}, {slope, share}, at.temporaries);
        dispatch_map(step, dx_map(c), {x, dy, mean, scale, share, slope}, {step.out()},
                     at.temporaries);
    }
};
LAMINA_VULKAN_KERNEL(gradient, "batch_norm_grad", "two_pass", 10, Gradient)

} // namespace

} // namespace lamina::vulkan
