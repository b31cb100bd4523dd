#include "check.hpp"

#include <cstring>

#include <fmt/format.h>

#include "compare.hpp"
#include "gradient.hpp"
#include "lamina/thread_pool.hpp"

namespace lamina::conformance {

namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.bytes() == b.bytes() &&
           (a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0);
}

std::string compare_all(const std::vector<Tensor>& got, const std::vector<Tensor>& want,
                        const Limit& limit, const std::string& numerics) {
    for (size_t i = 0; i < want.size(); ++i)
        if (const std::string wrong = compare(got[i], want[i], limit, numerics); !wrong.empty())
            return want.size() == 1 ? wrong : fmt::format("output {}: {}", i, wrong);
    return "";
}

std::string differs_from(const std::vector<Tensor>& first, const Outcome& again, const char* when) {
    if (!again.fault.empty())
        return again.fault;
    for (size_t i = 0; i < first.size(); ++i)
        if (!same_bits(first[i], again.outputs[i]))
            return fmt::format("output {} has other bits {}", i, when);
    return "";
}

/// All over again, from describe on: the workspace may depend on the number of threads.
Outcome run_with_one_thread(const SingleNode& node, const Candidate& candidate,
                            const std::vector<Tensor>& inputs) {
    struct OneThread {
        OneThread() { set_threads(1); }
        ~OneThread() { set_threads(2); }
    } const one_thread;
    for (const Candidate& c : node.candidates())
        if (c.name == candidate.name)
            return node.run(c, inputs);
    return {{}, "is no candidate any more with one thread"};
}

std::string judge(const Case& test, const SingleNode& node, const Candidate& candidate,
                  const std::vector<Tensor>& inputs, const std::vector<Tensor>& want) {
    const Outcome first = node.run(candidate, inputs);
    if (!first.fault.empty())
        return first.fault;
    if (std::string wrong = compare_all(first.outputs, want, test.limit, candidate.numerics);
        !wrong.empty())
        return wrong;
    if (std::string wrong =
            differs_from(first.outputs, run_with_one_thread(node, candidate, inputs),
                         "when run again, with one thread instead of two");
        !wrong.empty())
        return wrong;
    for (int i = 0; i < static_cast<int>(inputs.size()); ++i)
        if ((candidate.in_place >> i & 1) != 0 &&
            inputs[static_cast<size_t>(i)].bytes() == want[0].bytes())
            if (std::string wrong =
                    differs_from(first.outputs, node.run(candidate, inputs, i),
                                 fmt::format("when written over input {}", i).c_str());
                !wrong.empty())
                return wrong;
    return "";
}

/// A gradient adds up at least what the operator does, and passes through several operators.
Limit gradient_limit(const Case& test, const Tensor& gradient,
                     const std::vector<TensorType>& outputs) {
    double terms = test.limit.terms;
    for (const TensorType& y : outputs) // an input may be read by each element of the output
        terms = std::max(terms, static_cast<double>(y.shape.elements()) /
                                    static_cast<double>(std::max<int64_t>(gradient.elements(), 1)));
    return function(16 * terms);
}

CONFORMANCE_TESTS(operators) {
    for (Case& c : all_cases()) {
        const auto test = std::make_shared<const Case>(std::move(c));
        tests.push_back(
            {test->name, "test", [=](const Target& t) { return check(*test, t); }, test->large});
        if (!test->gradient.empty())
            tests.push_back({test->name + "/gradient", "grad",
                             [=](const Target& t) { return check_gradient(*test, t); },
                             test->large});
    }
}

} // namespace

std::vector<Tensor> complete_inputs(const Case& test, const Target& target) {
    std::vector<Tensor> inputs = make_inputs(test);
    for (const Derived& derived : test.derived) {
        std::vector<Tensor> from;
        for (const size_t i : derived.from)
            from.push_back(inputs[i]);
        const SingleNode node(target.reference, derived.op, from, test.attrs);
        inputs[derived.input] = node.run(node.candidates().at(0), from).outputs.at(0);
    }
    return inputs;
}

std::vector<Result> check(const Case& test, const Target& target) {
    set_threads(2);
    std::vector<Result> results;
    const std::vector<Tensor> inputs = complete_inputs(test, target);
    const SingleNode oracle(target.reference, test.op, inputs, test.attrs);
    const std::vector<Tensor> want = oracle.run(oracle.candidates().at(0), inputs).outputs;

    const SingleNode node(target.device, test.op, inputs, test.attrs);
    std::vector<Candidate> candidates;
    try {
        candidates = node.candidates();
    } catch (const Error& e) {
        return verdict(test.name, e);
    }
    if (candidates.empty())
        return verdict(test.name, Error(StatusCode::Unsupported, "it has no kernel for this case"));
    for (const Candidate& candidate : candidates) {
        Result result{test.name, candidate.name, Result::Verdict::Passed, ""};
        try {
            result.reason = judge(test, node, candidate, inputs, want);
        } catch (const std::exception& e) {
            result.reason = e.what();
        }
        if (!result.reason.empty())
            result.verdict = Result::Verdict::Failed;
        results.push_back(std::move(result));
    }
    return results;
}

std::vector<Result> check_gradient(const Case& test, const Target& target) {
    const std::string name = test.name + "/gradient";
    set_threads(2);
    const std::vector<Tensor> inputs = complete_inputs(test, target);
    std::vector<Tensor> got;
    try {
        got = gradients(target.device, test, inputs);
    } catch (const Error& e) {
        return verdict(name, e);
    }
    const SingleNode oracle(target.reference, test.op, inputs, test.attrs);
    const std::vector<Tensor> want = gradients(target.reference, test, inputs);
    for (size_t i = 0; i < want.size(); ++i)
        if (const std::string wrong = compare(
                got[i], want[i], gradient_limit(test, want[i], oracle.outputs()), "transformed");
            !wrong.empty())
            return verdict(name, fmt::format("by input {}: {}", test.gradient[i], wrong));
    return verdict(name, "");
}

std::vector<Candidate> candidates(const Case& test, const Target& target) {
    const SingleNode node(target.device, test.op, complete_inputs(test, target), test.attrs);
    std::vector<Candidate> list = node.candidates();
    if (list.empty())
        fail(StatusCode::Unsupported, "it has no kernel for this case");
    return list;
}

} // namespace lamina::conformance
