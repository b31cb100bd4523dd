/// Graphs at random, with their inputs and variables: what passes and the memory plan are tried on.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "lamina/executable.hpp"
#include "lamina/operators.hpp"

namespace lamina::test {

using Named = std::map<std::string, Tensor>;

inline Tensor random_tensor(const TensorType& type, std::mt19937& draw) {
    Tensor t = Tensor::zeros(type.dtype, type.shape);
    if (type.dtype == DType::F32)
        for (float& v : t.data<float>())
            v = static_cast<float>(draw() % 2001) / 1000.0f - 1.0f;
    if (type.dtype == DType::I64)
        for (int64_t& v : t.data<int64_t>())
            v = static_cast<int64_t>(draw() % 2);
    return t;
}

/// A graph, what it is fed with, and its variables' values before the step.
struct Problem {
    Graph graph;
    Named inputs, variables;

    void draw_values(std::mt19937& draw) {
        for (const auto& [name, value] : graph.inputs())
            inputs[name] = random_tensor(graph.type(value), draw);
        for (const Variable& v : graph.variables())
            variables[v.name] = v.kind == VariableKind::Slot
                                    ? Tensor::zeros(v.type.dtype, v.type.shape)
                                    : random_tensor(v.type, draw);
    }
};

/// Draws operators on what there is so far. The same seed gives the same graph.
class RandomGraph {
  public:
    explicit RandomGraph(unsigned seed) : draw_(seed) {
        values_.push_back(graph_.add_input("image", {DType::F32, {2, 6, 6, 3}}));
        values_.push_back(graph_.add_input("row", {DType::F32, {2, 8}}));
        for (int i = 0; i < 24; ++i)
            grow();
        for (int i = 0; i < 3; ++i)
            update_variable(i);
        for (int i = 0; i < 3; ++i)
            graph_.add_output("y" + std::to_string(i), any());
    }

    Problem problem() {
        Problem p{graph_, {}, {}};
        p.draw_values(draw_);
        return p;
    }

  private:
    size_t choose(size_t n) { return draw_() % n; }
    ValueId any() { return values_[choose(values_.size())]; }
    const Shape& shape(ValueId v) const { return graph_.type(v).shape; }
    ValueId add(const std::string& op, const std::vector<ValueId>& in, Attributes attrs = {}) {
        return add_operator(graph_, op, op, "layer" + std::to_string(choose(3)), in,
                            std::move(attrs))[0];
    }
    ValueId scalar(float v) { return graph_.add_constant(Tensor::scalar(v)); }
    ValueId weight(const Shape& s) {
        Variable v;
        v.name = "weight" + std::to_string(graph_.variables().size());
        v.type = {DType::F32, s};
        v.trainable = true;
        v.initializer = "\"zeros\"";
        return graph_.add_variable(v);
    }
    /// Of the same shape as x, or one that broadcasts to it.
    ValueId partner(ValueId x) {
        for (int tries = 0; tries < 6; ++tries)
            if (const ValueId v = any(); shape(v) == shape(x))
                return v;
        return choose(2) == 0 ? scalar(0.5f) : weight({shape(x).back()});
    }

    void grow() {
        static const char* const unaries[] = {"relu", "tanh", "sigmoid", "neg", "abs", "square"};
        static const char* const binaries[] = {"add", "sub", "mul", "maximum", "minimum"};
        const ValueId x = any();
        const size_t rank = shape(x).rank();
        const std::vector<int64_t> last{static_cast<int64_t>(rank) - 1};
        switch (choose(9)) {
        case 0:
        case 1:
            return keep(add(unaries[choose(6)], {x}));
        case 2:
        case 3:
            return keep(add("tanh", {add(binaries[choose(5)], {x, partner(x)})}));
        case 4:
            return keep(add("softmax", {x}));
        case 5:
            return keep(
                add("sub", {x, add("reduce_mean", {x}, {{"axes", last}, {"keep_dims", true}})}));
        case 6:
            if (rank == 4)
                return convolve(x);
            return keep(add("tanh", {add("matmul", {x, weight({shape(x).back(), 5})})}));
        case 7:
            if (rank == 4)
                return keep(add("reshape", {x},
                                {{"shape", std::vector<int64_t>{shape(x)[0], shape(x).elements() /
                                                                                 shape(x)[0]}}}));
            return keep(add("transpose", {add("transpose", {x}, {{"perm", swapped()}})},
                            {{"perm", swapped()}}));
        default:
            return rank == 4 ? pool(x) : keep(add("add", {x, x}));
        }
    }
    static std::vector<int64_t> swapped() { return {1, 0}; }
    void convolve(ValueId x) {
        const std::vector<int64_t> one{1, 1};
        const ValueId y = add("conv", {x, weight({3, 3, shape(x).back(), 4})},
                              {{"padding_low", one}, {"padding_high", one}});
        keep(add("relu", {add("add", {y, weight({4})})}));
    }
    void pool(ValueId x) {
        if (shape(x)[1] < 2)
            return;
        const std::vector<int64_t> two{2, 2};
        keep(add("max_pool", {x}, {{"window", two}, {"strides", two}}));
    }
    void keep(ValueId v) { values_.push_back(v); }

    /// v := v * 0.9 - mean of something; sometimes two variables trade places.
    void update_variable(int number) {
        const ValueId v = weight({3, static_cast<int64_t>(number) + 2});
        const ValueId x = any();
        std::vector<int64_t> axes(shape(x).rank());
        for (size_t i = 0; i < axes.size(); ++i)
            axes[i] = static_cast<int64_t>(i);
        const ValueId mean = add("reduce_mean", {x}, {{"axes", axes}, {"keep_dims", false}});
        graph_.set_update(v, add("sub", {add("mul", {v, scalar(0.9f)}), mean}));
        if (choose(2) == 0)
            values_.push_back(add("tanh", {v})); // the old value is read after the new one is made
        if (number == 2) {
            const ValueId a = weight({7}), b = weight({7});
            graph_.set_update(a, b);
            graph_.set_update(b, a);
        }
    }

    std::mt19937 draw_;
    Graph graph_;
    std::vector<ValueId> values_;
};

/// Outputs, and the variables after the step under "variable NAME".
inline Named run_steps(const Problem& p, const Graph& graph, const std::shared_ptr<Device>& device,
                       const CompileOptions& options, int steps = 2) {
    auto store = std::make_shared<VariableStore>(device);
    Executable program(graph, store, options);
    for (const Variable& v : program.graph().variables()) // those that are of any use
        store->write(v.name, p.variables.at(v.name));
    Named out;
    for (int i = 0; i < steps; ++i)
        out = program.run(p.inputs);
    for (const Variable& v : graph.variables())
        if (v.update != kNone)
            out["variable " + v.name] = store->read(v.name);
    return out;
}

inline bool same_bits(const Tensor& a, const Tensor& b) {
    return a.dtype() == b.dtype() && a.shape() == b.shape() &&
           std::equal(a.raw_bytes().begin(), a.raw_bytes().end(), b.raw_bytes().begin());
}

} // namespace lamina::test
