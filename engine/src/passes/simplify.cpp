/// Algebraic identities that keep every bit, and common subexpressions.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>

#include <fmt/format.h>

#include "graph/operators.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

/// The zeros are two, and a NaN is itself.
bool same_bits(float a, float b) {
    return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

class Simplifier {
  public:
    explicit Simplifier(const Graph& graph) : rewrite_(graph), graph_(graph) {}

    Graph run() {
        for (const Node& node : graph_.nodes()) {
            if (node.op == "input" || node.op == "variable")
                rewrite_.copy(node);
            else if (node.op == "constant")
                rewrite_.set(node.outputs[0], shared_constant(graph_.constant(node.outputs[0])));
            else if (!replace(node))
                share(node);
        }
        return rewrite_.finish();
    }

  private:
    Graph& to() { return rewrite_.to(); }
    const Node& producer(ValueId made) { return to().producer(made); }
    ValueId in(const Node& node, size_t i) const { return rewrite_[node.inputs[i]]; }

    ValueId shared_constant(const Tensor& data) {
        const std::string bytes(reinterpret_cast<const char*>(data.raw()), data.bytes());
        const std::string key = fmt::format("{} {} {}", static_cast<int>(data.dtype()),
                                            data.shape().to_string(), bytes);
        const auto it = constants_.find(key);
        if (it != constants_.end())
            return it->second;
        return constants_[key] = to().add_constant(data);
    }

    /// Uses an equal node that is there already.
    void share(const Node& node) {
        std::string key = node.op;
        for (const ValueId v : node.inputs)
            key += fmt::format(" {}", rewrite_[v]);
        for (const auto& [name, value] : node.attrs)
            key += fmt::format("|{}={}", name, to_string(value));
        const auto it = nodes_.find(key);
        if (it != nodes_.end()) {
            const Node& same = to().node(it->second);
            for (size_t i = 0; i < node.outputs.size(); ++i)
                rewrite_.set(node.outputs[i], same.outputs[i]);
            return;
        }
        rewrite_.copy(node);
        nodes_[key] = to().value(rewrite_[node.outputs[0]]).producer;
    }

    /// Maps the node's output to a value that is there, or to a simpler node. False: it stays.
    bool replace(const Node& node) {
        if (const ValueId same = identity(node); same != kNone) {
            rewrite_.set(node.outputs[0], same);
            return true;
        }
        if (node.op == "reshape" && producer(in(node, 0)).op == "reshape")
            return rebase(node, producer(in(node, 0)).inputs[0], node.attrs);
        if (node.op == "transpose" && producer(in(node, 0)).op == "transpose")
            return compose_transposes(node);
        return drop_broadcasts(node);
    }

    ValueId identity(const Node& node) {
        const auto same_type = [&](size_t i) {
            return to().type(in(node, i)) == graph_.type(node.outputs[0]);
        };
        const auto constant_is = [&](size_t i, float wanted) {
            const ValueId v = in(node, i);
            if (producer(v).op != "constant" || to().type(v).dtype != DType::F32)
                return false;
            for (const float x : to().constant(v).data<float>())
                if (!same_bits(x, wanted))
                    return false;
            return true;
        };
        if ((node.op == "reshape" || node.op == "broadcast_to" || node.op == "cast" ||
             node.op == "copy") &&
            same_type(0))
            return in(node, 0);
        if (node.op == "cast" && is_widening_of(in(node, 0), graph_.type(node.outputs[0]).dtype))
            return producer(in(node, 0)).inputs[0];
        if (node.op == "transpose") {
            const auto& perm = node.integers("perm");
            for (size_t i = 0; i < perm.size(); ++i)
                if (perm[i] != static_cast<int64_t>(i))
                    return kNone;
            return in(node, 0);
        }
        if (node.op == "mul" && same_type(0) && constant_is(1, 1.0f))
            return in(node, 0);
        if (node.op == "mul" && same_type(1) && constant_is(0, 1.0f))
            return in(node, 1);
        if (node.op == "div" && same_type(0) && constant_is(1, 1.0f))
            return in(node, 0);
        // x - 0 keeps every bit; x + 0 does not, for x = -0.
        if (node.op == "sub" && same_type(0) && constant_is(1, 0.0f))
            return in(node, 0);
        if (node.op == "neg" && producer(in(node, 0)).op == "neg")
            return producer(in(node, 0)).inputs[0];
        return kNone;
    }

    /// Whether the value is one of this type, cast to a type that holds all of its numbers.
    bool is_widening_of(ValueId made, DType type) {
        const DType wide = to().type(made).dtype;
        return producer(made).op == "cast" && to().type(producer(made).inputs[0]).dtype == type &&
               size_of(type) == 2 && (wide == DType::F32 || wide == DType::F64);
    }

    /// The same operator on another input.
    bool rebase(const Node& node, ValueId input, Attributes attrs) {
        const auto out =
            add_operator(to(), node.op, node.name, node.layer, {input}, std::move(attrs));
        rewrite_.set(node.outputs[0], out[0]);
        return true;
    }

    bool compose_transposes(const Node& node) {
        const Node& first = producer(in(node, 0));
        std::vector<int64_t> perm;
        bool nothing = true;
        for (const int64_t p : node.integers("perm")) {
            perm.push_back(first.integers("perm")[static_cast<size_t>(p)]);
            nothing = nothing && perm.back() == static_cast<int64_t>(perm.size()) - 1;
        }
        if (nothing) {
            rewrite_.set(node.outputs[0], first.inputs[0]);
            return true;
        }
        return rebase(node, first.inputs[0], {{"perm", perm}});
    }

    /// Elementwise operators broadcast by themselves.
    bool drop_broadcasts(const Node& node) {
        if (node.op == "fused_elementwise" || !find_operator(node.op)->elementwise() ||
            node.inputs.size() < 2)
            return false;
        std::vector<ValueId> inputs = rewrite_.mapped(node.inputs);
        bool changed = false;
        for (ValueId& v : inputs) {
            const ValueId had = v;
            v = narrower(v);
            if (v == had)
                continue;
            if (broadcast_shape(inputs) == graph_.type(node.outputs[0]).shape)
                changed = true;
            else
                v = had;
        }
        if (!changed)
            return false;
        rewrite_.set(node.outputs[0],
                     add_operator(to(), node.op, node.name, node.layer, inputs, node.attrs)[0]);
        return true;
    }
    /// What the value was broadcast from: the input of a broadcast, the one number of a constant.
    ValueId narrower(ValueId v) {
        if (producer(v).op == "broadcast_to")
            return producer(v).inputs[0];
        if (producer(v).op != "constant" || to().type(v).shape.rank() == 0 ||
            to().type(v).dtype != DType::F32)
            return v;
        const auto data = to().constant(v).data<float>();
        if (data.empty() ||
            std::any_of(data.begin(), data.end(), [&](float x) { return !same_bits(x, data[0]); }))
            return v;
        return shared_constant(Tensor::scalar(data[0]));
    }
    Shape broadcast_shape(const std::vector<ValueId>& values) {
        std::vector<int64_t> dims;
        for (const ValueId v : values) {
            const Shape& s = to().type(v).shape;
            if (s.rank() > dims.size())
                dims.insert(dims.begin(), s.rank() - dims.size(), 1);
            for (size_t i = 0; i < s.rank(); ++i) {
                int64_t& d = dims[dims.size() - s.rank() + i];
                if (d == 1)
                    d = s[i];
            }
        }
        return Shape(dims);
    }

    Rewrite rewrite_;
    const Graph& graph_;
    std::map<std::string, ValueId> constants_;
    std::map<std::string, NodeId> nodes_;
};

} // namespace

Graph simplify(const Graph& graph) { return Simplifier(graph).run(); }

} // namespace lamina
