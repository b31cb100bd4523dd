/// One test: an operator with its attributes, inputs filled from the case's own name, and how far
/// the result may be from the reference's.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lamina/graph.hpp"

namespace lamina::conformance {

/// What an input holds. Every element depends on the case's name and its position alone.
struct Fill {
    enum class Kind { Integers, Uniform, Cycle } kind = Kind::Uniform;
    double low = -1, high = 1;
    std::vector<double> list; // Cycle: repeated in order
};
/// Whole numbers from low to high: sums of their products are exact in f32.
inline Fill integers(double low = -4, double high = 4) {
    return {Fill::Kind::Integers, low, high, {}};
}
inline Fill uniform(double low = -1, double high = 1) {
    return {Fill::Kind::Uniform, low, high, {}};
}
inline Fill cycle(std::vector<double> list) { return {Fill::Kind::Cycle, 0, 0, std::move(list)}; }

struct Input {
    Shape shape;
    Fill fill;
    DType dtype = DType::F32;
    bool random_state = false; // i64 [3]: seed, step, first sample
};

/// How a result may differ from the reference's (compare.hpp gives the numbers).
struct Limit {
    enum class Class {
        Exact,    // equal values; a NaN equals a NaN
        Rounded,  // a few roundings an element: + - * / and square roots
        Function, // a library function an element: exp, sin, ...
        Sum,      // sums of `terms` products
        Net       // what comes out of `terms` operators in a row: a net's outputs and weights
    } kind = Class::Exact;
    double terms = 1;
    DType stored = DType::F32; // Net: what values between operators are
    /// Net: how far the reference's own results move, of the largest value, when every input moves
    /// by one unit in the last place.
    double moved = 0;
};
inline Limit exact() { return {Limit::Class::Exact, 1}; }
inline Limit rounded() { return {Limit::Class::Rounded, 1}; }
inline Limit function(double terms = 1) { return {Limit::Class::Function, terms}; }
inline Limit net_of(double operators, DType stored = DType::F32) {
    return {Limit::Class::Net, operators, stored};
}
inline Limit sum_of(double terms) { return {Limit::Class::Sum, terms}; }

/// An input that is itself the result of an operator with the same attributes, run on the
/// reference.
struct Derived {
    size_t input;
    std::string op;
    std::vector<size_t> from;
};

struct Case {
    std::string name; // "conv/same_3x3/integers": the operator first
    std::string op;
    std::vector<Input> inputs;
    Attributes attrs;
    Limit limit;
    std::vector<Derived> derived{};
    /// Inputs by which the operator's gradient is taken, as a graph of its own; empty: not at all.
    std::vector<size_t> gradient{};
    bool large = false; // Test::large
};

using Cases = std::vector<Case>;

/// CONFORMANCE_CASES(conv) { cases.push_back(...); } in a file of cases/ adds to the list.
struct Source {
    explicit Source(std::function<void(Cases&)> source) { all().push_back(std::move(source)); }
    static std::vector<std::function<void(Cases&)>>& all() {
        static std::vector<std::function<void(Cases&)>> list;
        return list;
    }
};

/// Every case, sorted by name. Throws when two have one name.
Cases all_cases();

/// The case's inputs, but for those that are derived.
std::vector<Tensor> make_inputs(const Case& test);

} // namespace lamina::conformance

#define CONFORMANCE_CASES(family)                                                                  \
    static void family##_cases(Cases& cases);                                                      \
    static const ::lamina::conformance::Source source_of_##family(family##_cases);                 \
    static void family##_cases(Cases& cases)
