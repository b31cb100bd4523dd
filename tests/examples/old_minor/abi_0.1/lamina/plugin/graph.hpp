/// Building graphs from a plugin: values, and one function an operator.
///
///     Value y = relu(matmul(x, kernel) + bias);
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

/// A node's attribute.
struct Attr {
    using Data = std::variant<int64_t, double, bool, std::string, Dims, std::vector<double>>;

    Attr(const char* attr_name, int64_t v) : name(attr_name), data(v) {}
    Attr(const char* attr_name, int v) : name(attr_name), data(int64_t{v}) {}
    Attr(const char* attr_name, double v) : name(attr_name), data(v) {}
    Attr(const char* attr_name, bool v) : name(attr_name), data(v) {}
    Attr(const char* attr_name, const char* v) : name(attr_name), data(std::string(v)) {}
    Attr(const char* attr_name, std::string v) : name(attr_name), data(std::move(v)) {}
    Attr(const char* attr_name, Dims v) : name(attr_name), data(std::move(v)) {}
    Attr(const char* attr_name, std::span<const int64_t> v)
        : name(attr_name), data(Dims(v.begin(), v.end())) {}
    Attr(const char* attr_name, std::vector<double> v) : name(attr_name), data(std::move(v)) {}

    /// Points into this attribute.
    lm_attr view() const {
        lm_attr a{};
        a.struct_size = sizeof a;
        a.name = name;
        a.kind = static_cast<lm_attr_kind>(kinds[data.index()]);
        if (auto i = std::get_if<int64_t>(&data))
            a.i = *i;
        if (auto f = std::get_if<double>(&data))
            a.f = *f;
        if (auto b = std::get_if<bool>(&data))
            a.i = *b ? 1 : 0;
        if (auto s = std::get_if<std::string>(&data))
            a.s = s->c_str();
        if (auto v = std::get_if<Dims>(&data))
            a.ints = v->data(), a.count = v->size();
        if (auto v = std::get_if<std::vector<double>>(&data))
            a.floats = v->data(), a.count = v->size();
        return a;
    }

    const char* name;
    Data data;

  private:
    static constexpr int kinds[] = {LM_ATTR_INT,    LM_ATTR_FLOAT, LM_ATTR_BOOL,
                                    LM_ATTR_STRING, LM_ATTR_INTS,  LM_ATTR_FLOATS};
};

using Attrs = std::vector<Attr>;

class Graph;

/// A value of the graph under construction. Cheap to copy; valid as long as its Graph.
class Value {
  public:
    Value() = default;
    Value(Graph& graph, lm_value id) : graph_(&graph), id_(id) {}

    explicit operator bool() const { return id_ >= 0; }
    lm_value id() const { return id_; }
    Graph& graph() const { return *graph_; }

    inline TensorType type() const;
    Dims shape() const { return type().dims; }
    lm_dtype dtype() const { return type().dtype; }
    int64_t rank() const { return type().rank(); }
    int64_t dim(int64_t i) const {
        const Dims dims = shape();
        return dims[static_cast<size_t>(i < 0 ? i + static_cast<int64_t>(dims.size()) : i)];
    }

  private:
    Graph* graph_ = nullptr;
    lm_value id_ = -1;
};

using Values = std::vector<Value>;

class Graph {
  public:
    Graph(const lm_host* host, lm_graph* graph) : host_(host), graph_(graph) {}

    const lm_host* host() const { return host_; }
    bool training() const { return host_->graph->mode(graph_) == LM_MODE_TRAIN; }

    /// Adds a node and returns its outputs. Throws what the shape rule says of the inputs.
    Values nodes(const char* op, std::span<const Value> inputs, const Attrs& attrs = {}) {
        std::vector<lm_attr> views;
        std::vector<const lm_attr*> pointers;
        views.reserve(attrs.size());
        for (const Attr& a : attrs)
            pointers.push_back(&views.emplace_back(a.view()));
        return collect([&](uint64_t capacity, lm_value* outputs, uint64_t* count, lm_error* error) {
            const auto in = ids(inputs);
            return host_->graph->add_node(graph_, op, pointers.size(), pointers.data(), in.size(),
                                          in.data(), capacity, outputs, count, error);
        });
    }
    Value node(const char* op, std::initializer_list<Value> inputs, const Attrs& attrs = {}) {
        return nodes(op, {inputs.begin(), inputs.size()}, attrs).at(0);
    }

    TensorType type(lm_value id) {
        lm_tensor_desc desc{};
        desc.struct_size = sizeof desc;
        call(host_->graph->tensor, graph_, id, &desc);
        return {desc.dtype, Dims(desc.dims, desc.dims + desc.rank)};
    }

    Value constant(float value) { return constant_of(LM_F32, {}, &value); }
    Value constant_i64(int64_t value) { return constant_of(LM_I64, {}, &value); }
    Value constant(const Dims& dims, std::span<const float> data) {
        return constant_of(LM_F32, dims, data.data());
    }
    Value constant(const Dims& dims, std::span<const int64_t> data) {
        return constant_of(LM_I64, dims, data.data());
    }
    Value zeros(const Dims& dims) { return full(dims, 0.0f); }
    inline Value full(const Dims& dims, float value);

    /// A trainable weight of this layer. initializer, regularizer: JSON.
    Value weight(const char* name, const Dims& dims, const std::string& initializer,
                 const std::string& regularizer = "null") {
        return variable(name, dims, initializer, regularizer, true);
    }
    /// A variable that no gradient updates: moving statistics, optimizer slots.
    Value state(const char* name, const Dims& dims, const std::string& initializer = "\"zeros\"") {
        return variable(name, dims, initializer, "null", false);
    }
    void assign(Value variable, Value value) {
        call(host_->graph->assign, graph_, variable.id(), value.id());
    }
    void add_loss(Value scalar) { call(host_->graph->add_loss, graph_, scalar.id()); }

    /// Applies another graph function, for instance apply("activation", "relu", "{}", {x}).
    Values apply(const char* kind, const std::string& class_name, const std::string& config,
                 std::span<const Value> inputs, const char* name = nullptr) {
        return collect([&](uint64_t capacity, lm_value* outputs, uint64_t* count, lm_error* error) {
            const auto in = ids(inputs);
            return host_->graph->apply(graph_, kind, class_name.c_str(), name, config.c_str(),
                                       in.size(), in.data(), capacity, outputs, count, error);
        });
    }
    Value apply(const char* kind, const std::string& class_name, const std::string& config,
                Value x) {
        return apply(kind, class_name, config, std::span<const Value>(&x, 1)).at(0);
    }
    /// An activation by its Keras name.
    Value activate(const std::string& name, Value x) {
        return name.empty() || name == "linear" ? x : apply("activation", name, "{}", x);
    }

    /// The operator that made the value ("" for inputs and variables), and that node's first input.
    std::pair<std::string, Value> producer(Value v) {
        const char* op = "";
        lm_value input = -1;
        call(host_->graph->producer, graph_, v.id(), &op, &input);
        return {op, Value(*this, input)};
    }
    Value rng_state() {
        lm_value id = -1;
        call(host_->graph->rng_state, graph_, &id);
        return {*this, id};
    }

  private:
    static std::vector<lm_value> ids(std::span<const Value> values) {
        std::vector<lm_value> out;
        for (const Value& v : values)
            out.push_back(v.id());
        return out;
    }
    template <class Body>
    Values collect(Body body) {
        std::vector<lm_value> outputs(8);
        uint64_t count = 0;
        Check check;
        check(body(outputs.size(), outputs.data(), &count, check));
        Values values;
        for (uint64_t i = 0; i < count; ++i)
            values.emplace_back(*this, outputs[i]);
        return values;
    }
    Value constant_of(lm_dtype dtype, const Dims& dims, const void* data) {
        const lm_tensor_desc type{sizeof type, dtype, static_cast<int32_t>(dims.size()),
                                  LM_TENSOR_CONSTANT, dims.data()};
        lm_value id = -1;
        call(host_->graph->constant, graph_, &type, data, &id);
        return {*this, id};
    }
    Value variable(const char* name, const Dims& dims, const std::string& initializer,
                   const std::string& regularizer, bool trainable) {
        lm_variable_desc desc{};
        desc.struct_size = sizeof desc;
        desc.dtype = LM_F32;
        desc.name = name;
        desc.rank = static_cast<int32_t>(dims.size());
        desc.trainable = trainable ? 1 : 0;
        desc.dims = dims.data();
        desc.initializer = initializer.c_str();
        desc.regularizer = regularizer == "null" ? nullptr : regularizer.c_str();
        lm_value id = -1;
        call(host_->graph->variable, graph_, &desc, &id);
        return {*this, id};
    }

    const lm_host* host_;
    lm_graph* graph_;
};

inline TensorType Value::type() const { return graph_->type(id_); }

/// ---- One function an operator; their mathematics stands in engine/src/ops. ----

inline Value unary(const char* op, Value x) { return x.graph().node(op, {x}); }
inline Value binary(const char* op, Value a, Value b) { return a.graph().node(op, {a, b}); }

#define LAMINA_UNARY(op)                                                                           \
    inline Value op(Value x) { return unary(#op, x); }
LAMINA_UNARY(neg)
LAMINA_UNARY(abs)
LAMINA_UNARY(sign)
LAMINA_UNARY(exp)
LAMINA_UNARY(expm1)
LAMINA_UNARY(log)
LAMINA_UNARY(log1p)
LAMINA_UNARY(sqrt)
LAMINA_UNARY(rsqrt)
LAMINA_UNARY(reciprocal)
LAMINA_UNARY(square)
LAMINA_UNARY(sin)
LAMINA_UNARY(cos)
LAMINA_UNARY(tanh)
LAMINA_UNARY(sigmoid)
LAMINA_UNARY(softplus)
LAMINA_UNARY(relu)
LAMINA_UNARY(erf)
LAMINA_UNARY(floor)
LAMINA_UNARY(ceil)
LAMINA_UNARY(round)
LAMINA_UNARY(logical_not)
LAMINA_UNARY(is_finite)
LAMINA_UNARY(copy)
#undef LAMINA_UNARY

inline Value cast(Value x, lm_dtype dtype) {
    return x.dtype() == dtype ? x : x.graph().node("cast", {x}, {{"dtype", dtype_name(dtype)}});
}
/// A constant of x's dtype, to be combined with x.
inline Value scalar_like(Value x, double value) {
    return cast(x.graph().constant(static_cast<float>(value)), x.dtype());
}

#define LAMINA_BINARY(op)                                                                          \
    inline Value op(Value a, Value b) { return binary(#op, a, b); }                                \
    inline Value op(Value a, double b) { return op(a, scalar_like(a, b)); }                        \
    inline Value op(double a, Value b) { return op(scalar_like(b, a), b); }
LAMINA_BINARY(add)
LAMINA_BINARY(sub)
LAMINA_BINARY(mul)
LAMINA_BINARY(div)
LAMINA_BINARY(pow)
LAMINA_BINARY(maximum)
LAMINA_BINARY(minimum)
LAMINA_BINARY(equal)
LAMINA_BINARY(not_equal)
LAMINA_BINARY(less)
LAMINA_BINARY(less_equal)
LAMINA_BINARY(greater)
LAMINA_BINARY(greater_equal)
LAMINA_BINARY(logical_and)
LAMINA_BINARY(logical_or)
#undef LAMINA_BINARY

inline Value operator+(Value a, Value b) { return add(a, b); }
inline Value operator-(Value a, Value b) { return sub(a, b); }
inline Value operator*(Value a, Value b) { return mul(a, b); }
inline Value operator/(Value a, Value b) { return div(a, b); }
inline Value operator+(Value a, double b) { return add(a, b); }
inline Value operator-(Value a, double b) { return sub(a, b); }
inline Value operator*(Value a, double b) { return mul(a, b); }
inline Value operator/(Value a, double b) { return div(a, b); }
inline Value operator+(double a, Value b) { return add(a, b); }
inline Value operator-(double a, Value b) { return sub(a, b); }
inline Value operator*(double a, Value b) { return mul(a, b); }
inline Value operator/(double a, Value b) { return div(a, b); }
inline Value operator-(Value a) { return neg(a); }

inline Value select(Value condition, Value a, Value b) {
    return a.graph().node("select", {condition, a, b});
}

inline Value reshape(Value x, const Dims& shape) {
    return x.graph().node("reshape", {x}, {{"shape", shape}});
}
inline Value broadcast_to(Value x, const Dims& shape) {
    return x.shape() == shape ? x : x.graph().node("broadcast_to", {x}, {{"shape", shape}});
}
inline Value transpose(Value x, const Dims& perm) {
    return x.graph().node("transpose", {x}, {{"perm", perm}});
}
inline Value pad(Value x, const Dims& low, const Dims& high, double value = 0) {
    return x.graph().node("pad", {x}, {{"low", low}, {"high", high}, {"value", value}});
}
inline Value slice(Value x, const Dims& begin, const Dims& size, const Dims& strides) {
    return x.graph().node("slice", {x}, {{"begin", begin}, {"size", size}, {"strides", strides}});
}
inline Value concat(std::span<const Value> values, int64_t axis) {
    return values[0].graph().nodes("concat", values, {{"axis", axis}}).at(0);
}
inline Value gather(Value x, Value indices, int64_t axis) {
    return x.graph().node("gather", {x, indices}, {{"axis", axis}});
}
inline Value one_hot(Value indices, int64_t depth, lm_dtype dtype = LM_F32) {
    return indices.graph().node("one_hot", {indices},
                                {{"depth", depth}, {"dtype", dtype_name(dtype)}});
}

inline Value reduce(const char* op, Value x, const Dims& axes, bool keep_dims) {
    return x.graph().node(op, {x}, {{"axes", axes}, {"keep_dims", keep_dims}});
}
inline Dims all_axes(Value x) {
    Dims axes(static_cast<size_t>(x.rank()));
    for (size_t i = 0; i < axes.size(); ++i)
        axes[i] = static_cast<int64_t>(i);
    return axes;
}
inline Value reduce_sum(Value x, const Dims& axes, bool keep_dims = false) {
    return reduce("reduce_sum", x, axes, keep_dims);
}
inline Value reduce_mean(Value x, const Dims& axes, bool keep_dims = false) {
    return reduce("reduce_mean", x, axes, keep_dims);
}
inline Value reduce_max(Value x, const Dims& axes, bool keep_dims = false) {
    return reduce("reduce_max", x, axes, keep_dims);
}
inline Value reduce_min(Value x, const Dims& axes, bool keep_dims = false) {
    return reduce("reduce_min", x, axes, keep_dims);
}
inline Value argmax(Value x, int64_t axis) {
    return x.graph().node("argmax", {x}, {{"axis", axis}});
}
inline Value softmax(Value x, int64_t axis = -1) {
    return x.graph().node("softmax", {x}, {{"axis", axis}});
}
inline Value log_softmax(Value x, int64_t axis = -1) {
    return x.graph().node("log_softmax", {x}, {{"axis", axis}});
}
inline Value matmul(Value a, Value b, bool transpose_a = false, bool transpose_b = false) {
    return a.graph().node("matmul", {a, b},
                          {{"transpose_a", transpose_a}, {"transpose_b", transpose_b}});
}

inline Value Graph::full(const Dims& dims, float value) {
    return broadcast_to(constant(value), dims);
}

} // namespace lamina::plugin
