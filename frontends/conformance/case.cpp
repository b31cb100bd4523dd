#include "case.hpp"

#include <algorithm>

#include "lamina/plugin/philox.hpp"

namespace lamina::conformance {

namespace {

double element(const Fill& fill, PhiloxKey key, size_t i) {
    const double u = static_cast<double>(random_uniform(key, i, 0, 0));
    switch (fill.kind) {
    case Fill::Kind::Integers:
        return fill.low + std::floor(u * (fill.high - fill.low + 1));
    case Fill::Kind::Uniform:
        return fill.low + u * (fill.high - fill.low);
    case Fill::Kind::Cycle:
        break;
    }
    return fill.list[i % fill.list.size()];
}

Tensor make_input(const Input& input, PhiloxKey key) {
    if (input.random_state)
        return Tensor::from(std::vector<int64_t>{20260117, 5, 40}, Shape{3});
    std::vector<double> values(static_cast<size_t>(input.shape.elements()));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = element(input.fill, key, i);
    return Tensor::from(values, input.shape).cast(input.dtype);
}

} // namespace

Cases all_cases() {
    Cases cases;
    for (const auto& source : Source::all())
        source(cases);
    const auto by_name = [](const Case& a, const Case& b) { return a.name < b.name; };
    std::sort(cases.begin(), cases.end(), by_name);
    for (size_t i = 1; i < cases.size(); ++i)
        if (cases[i].name == cases[i - 1].name)
            fail(StatusCode::Internal, "two conformance cases are named " + cases[i].name);
    return cases;
}

std::vector<Tensor> make_inputs(const Case& test) {
    std::vector<Tensor> inputs;
    for (const Input& input : test.inputs)
        inputs.push_back(make_input(input, philox_key(inputs.size(), test.name)));
    return inputs;
}

} // namespace lamina::conformance
