#include "run.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graph/autodiff.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/philox.hpp"

namespace lamina::test {

namespace {

using Named = std::map<std::string, Tensor>;

Named execute(const Graph& graph, const Named& inputs) {
    static const std::shared_ptr<Device> device = Device::open("reference");
    // The rules themselves are tested, not what passes make of them.
    Executable executable(graph, std::make_shared<VariableStore>(device), {.optimize = false});
    return executable.run(inputs);
}

bool is_real(const Tensor& t) { return t.dtype() == DType::F64; }

/// The operator as a graph function of its inputs and of the weights of its outputs.
struct Problem {
    Build build;
    Values inputs, outputs, weights;
    Value loss;
    Named feed;

    Problem(const char* op, const std::vector<Tensor>& values, const Attrs& attrs) {
        for (const Tensor& t : values) {
            const std::string name = "x" + std::to_string(inputs.size());
            const Value v(build.graph, build.target.add_input(name, {t.dtype(), t.shape()}));
            feed[name] = t;
            inputs.push_back(v);
        }
        outputs = build.nodes(op, inputs, attrs);
    }

    /// loss = sum over all real outputs of y * w.
    void weigh(const std::vector<Tensor>& dy) {
        size_t next = 0;
        for (const Value& y : outputs) {
            if (y.dtype() != LM_F64)
                continue;
            const std::string name = "w" + std::to_string(next);
            const Tensor w = dy.empty() ? random(y.shape(), 0.5, 1.5, 99 + next) : dy.at(next);
            const Value v(build.graph, build.target.add_input(name, {w.dtype(), w.shape()}));
            feed[name] = w;
            ++next;
            const Value part = reduce_sum(y * v, plugin::all_axes(y));
            loss = loss ? loss + part : part;
        }
    }
};

std::vector<Tensor> differentiate_problem(Problem& p) {
    std::vector<ValueId> targets;
    for (const Value& v : p.inputs)
        targets.push_back(v.id());
    const auto found = differentiate(p.build.target, p.loss.id(), targets);
    verify(p.build.target);
    Graph graph = p.build.target;
    for (size_t i = 0; i < found.size(); ++i)
        if (found[i] != kNone)
            graph.add_output("d" + std::to_string(i), found[i]);
    const Named results = execute(graph, p.feed);
    std::vector<Tensor> out(p.inputs.size());
    for (size_t i = 0; i < out.size(); ++i)
        if (found[i] != kNone)
            out[i] = results.at("d" + std::to_string(i));
    return out;
}

} // namespace

Tensor random(const Dims& dims, double low, double high, uint64_t seed) {
    Tensor t = Tensor::zeros(DType::F64, Shape(dims));
    auto data = t.data<double>();
    // A shuffled grid with its points moved by less than half a step.
    std::vector<size_t> order(data.size());
    std::iota(order.begin(), order.end(), 0u);
    const PhiloxKey key = philox_key(seed, "test");
    for (size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[random_bits(key, i, 0, 0) % i]);
    const double step = (high - low) / static_cast<double>(data.size());
    for (size_t i = 0; i < data.size(); ++i) {
        const double within = 0.3 + 0.4 * random_uniform(key, i, 1, 0);
        data[i] = low + step * (static_cast<double>(order[i]) + within);
        if (std::abs(data[i]) < 1e-3)
            data[i] = 1e-3;
    }
    return t;
}

Tensor indices(const std::vector<int64_t>& values, const Dims& dims) {
    return Tensor::from(values, Shape(dims));
}
Tensor f64(const std::vector<double>& values, const Dims& dims) {
    return Tensor::from(values, Shape(dims));
}
Tensor f64(const std::vector<double>& values) { return Tensor::from(values); }

std::vector<double> doubles(const Tensor& tensor) {
    const Tensor wide = tensor.cast(DType::F64);
    return {wide.data<double>().begin(), wide.data<double>().end()};
}

std::vector<Tensor> run(const char* op, const std::vector<Tensor>& inputs, const Attrs& attrs) {
    Problem p(op, inputs, attrs);
    for (size_t i = 0; i < p.outputs.size(); ++i)
        p.build.target.add_output("y" + std::to_string(i), p.outputs[i].id());
    const Named results = execute(p.build.target, p.feed);
    std::vector<Tensor> out;
    for (size_t i = 0; i < p.outputs.size(); ++i)
        out.push_back(results.at("y" + std::to_string(i)));
    return out;
}

std::vector<Tensor> gradients(const char* op, const std::vector<Tensor>& inputs, const Attrs& attrs,
                              const std::vector<Tensor>& dy) {
    Problem p(op, inputs, attrs);
    std::vector<Tensor> ones = dy;
    if (ones.empty())
        for (const Value& y : p.outputs)
            if (y.dtype() == LM_F64)
                ones.push_back(f64(
                    std::vector<double>(static_cast<size_t>(y.type().elements()), 1.0), y.shape()));
    p.weigh(ones);
    return differentiate_problem(p);
}

void check_gradient(const char* op, const std::vector<Tensor>& inputs, const Attrs& attrs) {
    Problem p(op, inputs, attrs);
    p.weigh({});
    REQUIRE(p.loss);

    Graph plain = p.build.target;
    plain.add_output("loss", p.loss.id());
    static const std::shared_ptr<Device> device = Device::open("reference");
    Executable loss(plain, std::make_shared<VariableStore>(device), {.optimize = false});

    const std::vector<Tensor> found = differentiate_problem(p);
    for (size_t i = 0; i < inputs.size(); ++i) {
        if (!is_real(inputs[i]))
            continue;
        INFO(op << ", input " << i << " " << inputs[i].shape().to_string());
        REQUIRE(found[i].shape() == inputs[i].shape());
        REQUIRE(found[i].dtype() == DType::F64);
        const std::string name = "x" + std::to_string(i);
        std::vector<double> expected;
        double largest = 1;
        for (int64_t e = 0; e < inputs[i].elements(); ++e) {
            const auto at = [&](double offset) {
                Named feed = p.feed;
                feed[name] = inputs[i].clone();
                feed[name].data<double>()[static_cast<size_t>(e)] += offset;
                return loss.run(feed).at("loss").item<double>();
            };
            constexpr double h = 1e-5;
            expected.push_back((at(h) - at(-h)) / (2 * h));
            largest = std::max(largest, std::abs(expected.back()));
        }
        const auto actual = doubles(found[i]);
        for (size_t e = 0; e < expected.size(); ++e) {
            INFO("element " << e);
            REQUIRE(actual[e] == Approx(expected[e]).margin(2e-6 * largest).epsilon(0));
        }
    }
}

void check_decomposition(const char* op, const std::vector<Tensor>& inputs, const Attrs& attrs) {
    Problem p(op, inputs, attrs);
    const Node& node = p.build.target.producer(p.outputs[0].id());
    const auto table = find_operator(op)->table();
    REQUIRE(table.decompose != nullptr);
    std::vector<lm_value> in, out(p.outputs.size(), kNone);
    for (const Value& v : p.inputs)
        in.push_back(v.id());
    const auto desc = describe_node(p.build.target, node);
    call(table.decompose, host_table(), &p.build.context, &desc->desc(), in.data(), out.data());
    verify(p.build.target);
    for (size_t i = 0; i < out.size(); ++i) {
        p.build.target.add_output("whole" + std::to_string(i), p.outputs[i].id());
        p.build.target.add_output("parts" + std::to_string(i), out[i]);
    }
    const Named results = execute(p.build.target, p.feed);
    for (size_t i = 0; i < out.size(); ++i) {
        const Tensor whole = results.at("whole" + std::to_string(i));
        const Tensor parts = results.at("parts" + std::to_string(i));
        INFO(op << ", output " << i);
        REQUIRE(parts.shape() == whole.shape());
        REQUIRE(parts.dtype() == whole.dtype());
        const auto expected = doubles(whole), actual = doubles(parts);
        for (size_t e = 0; e < expected.size(); ++e)
            REQUIRE(actual[e] == Approx(expected[e]).margin(1e-6).epsilon(0));
    }
}

} // namespace lamina::test
