#include "parts/differences.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/executable.hpp"
#include "lamina/operators.hpp"

namespace lamina::conformance {

namespace {

/// The largest move of an element. In f32 a loss near 1 has an error of 1e-7, which a step of this
/// size turns into one of 1e-5 in the derivative.
constexpr double kStep = 1e-2;
constexpr int kDirections = 4;

class Differentiated {
  public:
    Differentiated(Graph graph, ValueId loss,
                   const std::vector<std::pair<std::string, ValueId>>& targets,
                   const std::map<std::string, Tensor>& values)
        : values_(values), variables_(std::make_shared<VariableStore>(Device::open("reference"))) {
        std::vector<ValueId> ids;
        for (const auto& [name, id] : targets)
            ids.push_back(id);
        const std::vector<ValueId> grads = differentiate(graph, loss, ids);
        graph.add_output("the_loss", loss);
        for (size_t i = 0; i < grads.size(); ++i) {
            if (grads[i] == kNone)
                continue; // its derivative is said to be zero
            if (graph.type(grads[i]) != graph.type(ids[i]))
                fail(StatusCode::InvalidArgument,
                     fmt::format("the gradient by {} is {}, it should be {}", targets[i].first,
                                 graph.type(grads[i]).to_string(), graph.type(ids[i]).to_string()));
            graph.add_output(fmt::format("gradient_{}", i), grads[i]);
        }
        executable_ = std::make_unique<Executable>(std::move(graph), variables_);
        const auto results = run(values_);
        for (size_t i = 0; i < targets.size(); ++i) {
            const auto found = results.find(fmt::format("gradient_{}", i));
            gradients_[targets[i].first] =
                found != results.end()
                    ? found->second
                    : Tensor::zeros(DType::F32, values_.at(targets[i].first).shape());
        }
    }

    const std::map<std::string, Tensor>& gradients() const { return gradients_; }

    /// (loss(values + step * direction) - loss(values - step * direction)) / (2 * step)
    double difference(const std::map<std::string, Tensor>& direction, double step) {
        return (moved(direction, step) - moved(direction, -step)) / (2 * step);
    }

  private:
    std::map<std::string, Tensor> run(const std::map<std::string, Tensor>& values) {
        std::map<std::string, Tensor> inputs;
        for (const auto& [name, id] : executable_->graph().inputs())
            inputs[name] = values.at(name);
        for (const Variable& v : executable_->graph().variables())
            variables_->write(v.name, values.at(v.name));
        return executable_->run(inputs);
    }
    double moved(const std::map<std::string, Tensor>& direction, double step) {
        std::map<std::string, Tensor> values = values_;
        for (const auto& [name, towards] : direction) {
            Tensor t = values.at(name).clone();
            for (int64_t i = 0; i < t.elements(); ++i)
                t.data<float>()[static_cast<size_t>(i)] +=
                    static_cast<float>(step * towards.data<float>()[static_cast<size_t>(i)]);
            values[name] = t;
        }
        return run(values).at("the_loss").item<float>();
    }

    std::map<std::string, Tensor> values_;
    std::shared_ptr<VariableStore> variables_;
    std::unique_ptr<Executable> executable_;
    std::map<std::string, Tensor> gradients_;
};

using Direction = std::map<std::string, Tensor>;

double dot(const Direction& a, const Direction& b) {
    double sum = 0;
    for (const auto& [name, x] : a)
        for (int64_t i = 0; i < x.elements(); ++i)
            sum += static_cast<double>(x.data<float>()[static_cast<size_t>(i)]) *
                   static_cast<double>(b.at(name).data<float>()[static_cast<size_t>(i)]);
    return sum;
}

double largest(const Direction& d) {
    double most = 0;
    for (const auto& [name, x] : d)
        for (const float v : x.data<float>())
            most = std::max(most, std::abs(static_cast<double>(v)));
    return most;
}

Direction scaled(const Direction& d, double by) {
    Direction out;
    for (const auto& [name, x] : d) {
        out[name] = x.clone();
        for (float& v : out[name].data<float>())
            v = static_cast<float>(v * by);
    }
    return out;
}

/// +1 and -1 at random, in one target alone or in all.
Direction random_signs(const Direction& like, const std::string& only, uint32_t seed) {
    Direction out;
    for (const auto& [name, x] : like) {
        out[name] = Tensor::zeros(DType::F32, x.shape());
        if (!only.empty() && only != name)
            continue;
        for (float& v : out[name].data<float>()) {
            seed = seed * 1664525 + 1013904223;
            v = (seed >> 31) != 0 ? 1.0f : -1.0f;
        }
    }
    return out;
}

} // namespace

std::string gradient_fault(Graph graph, ValueId loss,
                           const std::vector<std::pair<std::string, ValueId>>& targets,
                           const std::map<std::string, Tensor>& values) {
    Differentiated f(std::move(graph), loss, targets, values);
    std::vector<std::pair<std::string, Direction>> directions;
    if (const double most = largest(f.gradients()); most > 0)
        directions.emplace_back("along itself", scaled(f.gradients(), 1 / most));
    for (uint32_t i = 0; i < kDirections; ++i)
        for (const auto& [name, id] : targets)
            directions.emplace_back("by " + name, random_signs(f.gradients(), name, 77 * i + 1));
    bool proven = false;
    for (const auto& [what, direction] : directions) {
        const double got = dot(f.gradients(), direction), coarse = f.difference(direction, kStep),
                     fine = f.difference(direction, kStep / 2);
        if (!std::isfinite(got))
            return fmt::format("the gradient {} is {}", what, got);
        const double tolerance = 0.02 * std::max(std::abs(got), std::abs(fine)) + 2e-4;
        if (std::abs(coarse - fine) > tolerance)
            continue; // a kink, or strongly curved
        proven = true;
        if (std::abs(got - fine) > tolerance)
            return fmt::format("the gradient {} gives a slope of {:.5g}, differences give {:.5g}",
                               what, got, fine);
    }
    if (!proven)
        fail(StatusCode::Unsupported,
             "the loss has a kink in every direction tried, so that differences prove nothing");
    return "";
}

} // namespace lamina::conformance
