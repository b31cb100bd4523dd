#include "model/numbered_slots.hpp"

#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "lamina/log.hpp"
#include "lamina/text.hpp"
#include "model/keras_optimizer.hpp"
#include "model/tracer.hpp"

namespace lamina {

namespace {

struct ExpectedSlot {
    std::string name;
    Shape shape;
};

std::vector<ExpectedSlot> expected_slots(const Json& optimizer,
                                         const std::vector<Variable>& variables) {
    std::vector<ExpectedSlot> slots;
    for (const auto& round : slot_rounds(optimizer))
        for (const Variable& v : variables)
            if (v.trainable)
                for (const std::string& slot : round)
                    slots.push_back({fmt::format("optimizer/{}/{}", slot, v.name), v.type.shape});
    return slots;
}

/// The product of Nadam's momenta after so many steps, in f32 as in Keras. Keras 3 has it as one
/// tensor, tf.keras 2 does not keep it; here each weight has its own.
float nadam_product(uint64_t steps, double beta_1) {
    float product = 1.0f;
    for (uint64_t t = 1; t <= steps && product != 0.0f; ++t)
        product *=
            static_cast<float>(beta_1 * (1.0 - 0.5 * std::pow(0.96, static_cast<double>(t))));
    return product;
}

bool is_scalar(const Tensor& t) { return t.shape().rank() == 0; }

} // namespace

void load_numbered_slots(Model::State& state, const std::vector<Variable>& variables,
                         std::vector<Tensor> numbered, const std::string& source) {
    if (numbered.empty())
        return;
    const auto [optimizer, config] = part_spec(state.training.optimizer);
    const bool has_steps = is_scalar(numbered.front()) && !is_floating(numbered.front().dtype());
    const uint64_t steps =
        has_steps ? static_cast<uint64_t>(numbered.front().cast(DType::I64).item<int64_t>()) : 0;
    std::erase_if(numbered, is_scalar); // no weight of Keras's layers is one
    const auto slots = expected_slots(state.training.optimizer, variables);
    bool fits = has_steps && numbered.size() == slots.size();
    for (size_t i = 0; fits && i < slots.size(); ++i)
        fits = numbered[i].shape() == slots[i].shape;
    if (!fits)
        return log_warning(fmt::format(
            "{}: the optimizer's state is left out and starts anew: its {} have no names, and "
            "their shapes are not those of the {} that {} has here",
            source, count_of(static_cast<long long>(numbered.size()), "tensor"),
            count_of(static_cast<long long>(slots.size()), "slot"), optimizer));
    state.iterations = steps;
    for (size_t i = 0; i < slots.size(); ++i)
        state.set_waiting(slots[i].name, numbered[i]);
    const double beta_1 = config.contains("beta_1") && config.at("beta_1").is_number()
                              ? config.at("beta_1").get<double>()
                              : 0.9;
    if (lower(optimizer) == "nadam")
        for (const Variable& v : variables)
            if (v.trainable)
                state.set_waiting("optimizer/u_product/" + v.name,
                                  Tensor::scalar(nadam_product(steps, beta_1)));
}

} // namespace lamina
