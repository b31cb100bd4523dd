// Layers and activations: shapes, gradient, the same numbers on every backend.
#include <cmath>

#include <fmt/format.h>

#include "case.hpp"
#include "lamina/error.hpp"
#include "parts/fitting_net.hpp"

namespace lamina::conformance {

namespace {

/// What the layer's summary promises is what comes out, for any batch size.
std::string shape_fault(const FittingNet& fitting, bool same_as_input) {
    for (const int64_t batch : {1, 2, 5}) {
        Model model = fitting.bare.build();
        model.use("reference");
        model.initialize(1);
        Shape promised{batch};
        const auto layers = model.summary();
        for (size_t i = 1; i < layers.back().output_shape.size(); ++i)
            promised.push_back(layers.back().output_shape[i]);
        Shape input{batch};
        for (const int64_t d : fitting.input)
            input.push_back(d);
        const Tensor x = make_inputs({"part/shape", "", {{input, uniform()}}, {}, {}})[0];
        const Tensor y = model.predict(x, batch);
        if (y.shape() != promised)
            return fmt::format("for a batch of {} its output is {}, its summary says {}", batch,
                               y.shape().to_string(), promised.to_string());
        if (same_as_input && y.shape() != input)
            return fmt::format("an activation's output has its input's shape, {}; it is {}",
                               input.to_string(), y.shape().to_string());
        const Tensor values = y.cast(DType::F32);
        for (const float v : values.data<float>())
            if (!std::isfinite(v))
                return fmt::format("it gives {} for an input between -1 and 1", v);
    }
    return "";
}

void check_layer(const Subject& subject, Checks& check, const Json& layer, bool is_activation) {
    std::string why;
    const auto fitting = fitting_net(layer, subject.inputs, why);
    if (!fitting)
        return check.skip("self-test",
                          fmt::format("it takes none of the shapes tried; --inputs 8x8x3 says "
                                      "which, --config how it is set ({})",
                                      why));
    check.run(fmt::format("shapes, for {} x {}", fitting->arity, fitting->input.to_string()),
              [&] { return shape_fault(*fitting, is_activation); });
    check.run("gradient against finite differences",
              [&] { return net_gradient_fault(fitting->net); });
    check_on_backends(subject, check, fitting->net);
}

} // namespace

PART_TEST(layer) {
    if (subject.name() == "InputLayer")
        return check.skip("self-test", "it is part of every net");
    check_layer(subject, check, subject.json(), false);
}

PART_TEST(activation) {
    check_layer(subject, check,
                {{"class_name", "Activation"}, {"config", {{"activation", subject.json()}}}}, true);
}

} // namespace lamina::conformance
