// Operators and kernels: every candidate against the reference with guards around its operands, and
// the gradient against finite differences.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "case.hpp"
#include "check.hpp"
#include "compare.hpp"
#include "gradient.hpp"
#include "lamina/error.hpp"
#include "lamina/executable.hpp"
#include "lamina/operators.hpp"
#include "lamina/text.hpp"
#include "parts/differences.hpp"
#include "parts/part.hpp"

namespace lamina::conformance {

namespace {

AttrValue attribute(const Json& value, const std::string& type) {
    if (type == "bool")
        return value.get<bool>();
    if (type == "int")
        return value.get<int64_t>();
    if (type == "float")
        return value.get<double>();
    if (type == "ints")
        return value.is_array() ? value.get<std::vector<int64_t>>()
                                : std::vector<int64_t>{value.get<int64_t>()};
    if (type == "floats")
        return value.is_array() ? value.get<std::vector<double>>()
                                : std::vector<double>{value.get<double>()};
    return value.get<std::string>();
}

Attributes attributes(const Json& config, const Json& schema) {
    Attributes out;
    for (const auto& [key, value] : config.items())
        if (!value.is_null())
            out[key] = attribute(value, schema.contains(key) ? schema.at(key).value("type", "any")
                                                             : "any");
    return out;
}

/// A case of odd sizes that the shape rule accepts: the author's shapes, or 1 to 3 equal ones.
std::optional<Case> fitting_case(const std::string& op, const Attributes& attrs,
                                 const std::vector<Shape>& given, std::string& why) {
    std::vector<std::vector<Shape>> tries;
    if (!given.empty())
        tries.push_back(given);
    else
        for (size_t arity = 1; arity <= 3; ++arity)
            for (const Shape& shape : {Shape{3, 7, 5, 11}, Shape{3, 7, 5}, Shape{13, 17}, Shape{5}})
                tries.emplace_back(arity, shape);
    for (const std::vector<Shape>& shapes : tries)
        try {
            Graph graph;
            std::vector<ValueId> ids;
            Case made{"part/" + op, op, {}, attrs, function(1000), {}, {}};
            for (const Shape& shape : shapes) {
                ids.push_back(
                    graph.add_input("x" + std::to_string(ids.size()), {DType::F32, shape}));
                made.gradient.push_back(made.inputs.size());
                made.inputs.push_back({shape, uniform()});
            }
            add_operator(graph, op, op, "", ids, attrs);
            return made;
        } catch (const Error& e) {
            why = e.what();
        }
    return std::nullopt;
}

/// The whole way: decomposed where no kernel takes it, optimised, planned, run.
std::vector<Tensor> executed(const Case& test, const std::string& backend) {
    Graph graph;
    std::map<std::string, Tensor> values;
    std::vector<ValueId> ids;
    for (const Tensor& t : make_inputs(test)) {
        const std::string name = "x" + std::to_string(ids.size());
        ids.push_back(graph.add_input(name, {t.dtype(), t.shape()}));
        values[name] = t;
    }
    size_t count = 0;
    for (const ValueId y : add_operator(graph, test.op, test.op, "", ids, test.attrs))
        graph.add_output("y" + std::to_string(count++), y);
    Executable executable(std::move(graph), std::make_shared<VariableStore>(Device::open(backend)));
    const auto results = executable.run(values);
    std::vector<Tensor> out;
    for (size_t i = 0; i < count; ++i)
        out.push_back(results.at("y" + std::to_string(i)));
    return out;
}

void check_kernels(Checks& check, const Case& test, const std::string& backend,
                   const std::string& only = "") {
    const Target target{backend, Device::open(backend), Device::open("reference")};
    check.add(fmt::format("kernels on {} against reference, with guards", backend), [&] {
        std::vector<Result> results = lamina::conformance::check(test, target);
        if (!only.empty())
            std::erase_if(results, [&](const Result& r) {
                return !r.candidate.empty() && r.candidate != only;
            });
        return results;
    });
}

/// "" where the reference backend has a kernel that takes the case.
std::string without_reference_kernel(const Case& test) {
    try {
        candidates(test, {"reference", Device::open("reference"), nullptr});
        return "";
    } catch (const Error& e) {
        return e.what();
    }
}

} // namespace

PART_TEST(operator) {
    std::string why;
    const auto test = fitting_case(subject.name(), attributes(subject.config, subject.schema),
                                   subject.inputs, why);
    if (!test)
        return check.skip("self-test",
                          fmt::format("it takes none of the shapes tried; --inputs 2x8x8x3 says "
                                      "which (each with its batch), --config its attributes ({})",
                                      why));
    check.run("runs on reference, by a kernel or in simpler operators", [&]() -> std::string {
        executed(*test, "reference");
        return "";
    });
    const std::string decomposed = without_reference_kernel(*test);
    std::vector<std::string> backends = subject.backends;
    if (decomposed.empty())
        backends.insert(backends.begin(), "reference");
    for (const std::string& backend : backends) {
        if (decomposed.empty())
            check_kernels(check, *test, backend);
        if (backend != "reference")
            check.run("runs on " + backend + " as on reference", [&] {
                const auto want = executed(*test, "reference"), got = executed(*test, backend);
                std::string wrong;
                for (size_t i = 0; i < want.size() && wrong.empty(); ++i)
                    wrong = compare(got[i], want[i], test->limit, "");
                return wrong;
            });
    }
    if (subject.part.as<lm_operator>().gradient == nullptr)
        return check.skip("gradient", "it has no gradient rule");
    check.run("gradient against finite differences", [&] {
        LossGraph of = loss_graph(*test, make_inputs(*test));
        if (of.loss == kNone)
            fail(StatusCode::Unsupported, "none of its outputs is a floating-point number");
        std::vector<std::pair<std::string, ValueId>> targets;
        for (size_t i = 0; i < of.inputs.size(); ++i)
            targets.emplace_back("x" + std::to_string(i), of.inputs[i]);
        return gradient_fault(std::move(of.graph), of.loss, targets, of.values);
    });
}

PART_TEST(kernel) {
    const auto pieces = split(subject.name(), '/');
    if (pieces.size() != 3)
        return check.run("name", [] { return "a kernel's name is OPERATOR/BACKEND/NAME"; });
    const std::string &op = pieces[0], &backend = pieces[1], &name = pieces[2];
    if (std::find(subject.backends.begin(), subject.backends.end(), backend) ==
            subject.backends.end() &&
        backend != "reference")
        return check.skip("self-test", fmt::format("the backend {} is not available", backend));
    Cases cases = all_cases();
    std::erase_if(cases, [&](const Case& c) { return c.op != op || c.large; });
    std::string why;
    if (cases.empty()) { // somebody's own operator
        const Part part = Registry::global().find("operator", op);
        const Json schema = Json::parse(part.as<lm_operator>().schema, nullptr, false);
        const Json config = subject.config.empty() ? sample_configuration(schema) : subject.config;
        if (const auto test = fitting_case(op, attributes(config, schema), subject.inputs, why))
            cases.push_back(*test);
    }
    if (cases.empty())
        return check.skip("self-test", fmt::format("operator {} takes none of the shapes tried; "
                                                   "--inputs 2x8x8x3 says which ({})",
                                                   op, why));
    const Target target{backend, Device::open(backend), Device::open("reference")};
    int tried = 0;
    for (const Case& c : cases) {
        std::vector<Candidate> list;
        try {
            list = candidates(c, target);
        } catch (const Error&) {
            continue; // no kernel takes it
        }
        if (std::none_of(list.begin(), list.end(), [&](const auto& k) { return k.name == name; }))
            continue;
        if (const std::string missing = without_reference_kernel(c); !missing.empty())
            return check.skip("self-test",
                              "the reference backend has no kernel to compare with: " + missing);
        ++tried;
        check.add(c.name + " against reference, with guards", [&] {
            std::vector<Result> results = lamina::conformance::check(c, target);
            std::erase_if(results, [&](const Result& r) { return r.candidate != name; });
            return results;
        });
    }
    if (tried == 0)
        check.skip("self-test", "it takes none of the cases there are");
}

} // namespace lamina::conformance
