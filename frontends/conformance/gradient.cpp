#include "gradient.hpp"

#include "lamina/executable.hpp"
#include "lamina/operators.hpp"

namespace lamina::conformance {

namespace {

/// Adds sum(y * weights) to the loss so far, and the weights to the values of the inputs.
ValueId add_to_loss(Graph& graph, ValueId loss, ValueId y, const Case& test,
                    std::map<std::string, Tensor>& values) {
    const TensorType type = graph.type(y);
    const std::string name = "weights" + std::to_string(y);
    const Case fill{test.name + "/" + name, "", {{type.shape, uniform(), type.dtype}}, {}, {}};
    values[name] = make_inputs(fill)[0];
    const ValueId weights = graph.add_input(name, type);
    const ValueId product = add_operator(graph, "mul", name + "/mul", "", {y, weights})[0];
    std::vector<int64_t> axes(type.shape.rank());
    for (size_t i = 0; i < axes.size(); ++i)
        axes[i] = static_cast<int64_t>(i);
    ValueId sum =
        add_operator(graph, "reduce_sum", name + "/sum", "", {product}, {{"axes", axes}})[0];
    if (size_of(type.dtype) == 2) // other outputs may be f32
        sum = add_operator(graph, "cast", name + "/cast", "", {sum},
                           {{"dtype", std::string("f32")}})[0];
    return loss == kNone ? sum : add_operator(graph, "add", name + "/add", "", {loss, sum})[0];
}

} // namespace

LossGraph loss_graph(const Case& test, const std::vector<Tensor>& inputs) {
    LossGraph result;
    for (const Tensor& t : inputs) {
        const std::string name = "x" + std::to_string(result.inputs.size());
        result.inputs.push_back(result.graph.add_input(name, {t.dtype(), t.shape()}));
        result.values[name] = t;
    }
    for (const ValueId y :
         add_operator(result.graph, test.op, test.op, "", result.inputs, test.attrs))
        if (is_floating(result.graph.type(y).dtype))
            result.loss = add_to_loss(result.graph, result.loss, y, test, result.values);
    return result;
}

std::vector<Tensor> gradients(const std::shared_ptr<Device>& device, const Case& test,
                              const std::vector<Tensor>& inputs) {
    LossGraph of = loss_graph(test, inputs);
    std::vector<ValueId> targets;
    for (const size_t i : test.gradient)
        targets.push_back(of.inputs[i]);
    const std::vector<ValueId> grads = differentiate(of.graph, of.loss, targets);
    for (size_t i = 0; i < grads.size(); ++i)
        of.graph.add_output("g" + std::to_string(i), grads[i]);

    Executable executable(std::move(of.graph), std::make_shared<VariableStore>(device));
    const auto results = executable.run(of.values);
    std::vector<Tensor> list;
    for (size_t i = 0; i < grads.size(); ++i)
        list.push_back(results.at("g" + std::to_string(i)));
    return list;
}

} // namespace lamina::conformance
