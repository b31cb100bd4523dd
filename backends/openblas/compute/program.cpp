#include "compute/program.hpp"

#include <algorithm>
#include <bit>
#include <map>

#include "lamina/plugin/broadcast.hpp"

namespace lamina::cpu {

using plugin::Argument;
using plugin::Element;

namespace {

bool is_vectorised(lm_dtype dtype) { return dtype == LM_F32 || dtype == LM_BOOL; }

ProgramInput classify(const ProgramType& type, const std::vector<std::int64_t>& shape) {
    ProgramInput input{type.dtype, Access::general, 1, plugin::broadcast_strides(type.dims, shape)};
    const std::int64_t size = plugin::elements(shape), own = type.elements();
    if (own == size)
        input.access = Access::full;
    else if (own == 1)
        input.access = Access::scalar;
    else {
        // Trailing dimensions of the output that the input has whole.
        std::int64_t trailing = 1;
        for (std::size_t i = 0; i < type.dims.size(); ++i) {
            const std::int64_t dim = type.dims[type.dims.size() - 1 - i];
            if (dim != shape[shape.size() - 1 - i])
                break;
            trailing *= dim;
        }
        if (trailing == own) {
            input.access = Access::periodic;
            input.period = own;
        }
    }
    return input;
}

/// Drops dimensions of extent 1 and joins neighbours that every input walks through alike.
void collapse(std::vector<std::int64_t>& shape, std::vector<ProgramInput>& inputs) {
    std::vector<std::size_t> kept;
    std::vector<std::int64_t> extents;
    for (std::size_t d = 0; d < shape.size(); ++d) {
        if (shape[d] == 1)
            continue;
        const bool joins =
            !kept.empty() && std::all_of(inputs.begin(), inputs.end(), [&](const auto& input) {
                return input.strides[kept.back()] == input.strides[d] * shape[d];
            });
        if (joins) {
            kept.back() = d;
            extents.back() *= shape[d];
        } else {
            kept.push_back(d);
            extents.push_back(shape[d]);
        }
    }
    if (kept.empty()) {
        extents = {1};
        for (ProgramInput& input : inputs)
            input.strides = {0};
    } else {
        for (ProgramInput& input : inputs) {
            std::vector<std::int64_t> strides;
            for (const std::size_t d : kept)
                strides.push_back(input.strides[d]);
            input.strides = std::move(strides);
        }
    }
    shape = std::move(extents);
}

/// Hands out the lowest slot that no value lives in.
class Slots {
  public:
    std::int32_t take() {
        const auto free = std::find(taken_.begin(), taken_.end(), false);
        const auto slot = static_cast<std::int32_t>(free - taken_.begin());
        if (free == taken_.end())
            taken_.push_back(true);
        else
            *free = true;
        return slot;
    }
    void give_back(std::int32_t slot) { taken_[static_cast<std::size_t>(slot)] = false; }
    std::int32_t count() const { return static_cast<std::int32_t>(taken_.size()); }

  private:
    std::vector<bool> taken_;
};

} // namespace

Program::Program(const plugin::Expression& expression, std::span<const ProgramType> inputs,
                 std::span<const std::int64_t> outputs, const std::vector<std::int64_t>& shape)
    : shape_{shape}, size_{plugin::elements(shape)} {
    std::vector<lm_dtype> dtypes;
    for (const ProgramType& type : inputs) {
        inputs_.push_back(classify(type, shape));
        dtypes.push_back(type.dtype);
        // Bytes are unpacked to floats, which hold each exactly; a result in bytes is not
        // vectorised.
        vectorised_ = vectorised_ && (is_vectorised(type.dtype) || type.dtype == LM_U8);
    }
    collapse(shape_, inputs_);
    const std::vector<lm_dtype> results = expression.dtypes(dtypes);
    const std::size_t count = expression.instructions.size();
    for (const lm_dtype dtype : results)
        vectorised_ = vectorised_ && is_vectorised(dtype);

    // The last instruction that reads each result; outputs live to the end.
    std::vector<std::size_t> last_use(count);
    for (std::size_t i = 0; i < count; ++i) {
        last_use[i] = i;
        for (const Argument& a : expression.instructions[i].args)
            if (a.kind == Argument::Kind::temp)
                last_use[static_cast<std::size_t>(a.index)] = i;
    }
    for (const std::int64_t output : outputs) {
        last_use[static_cast<std::size_t>(output)] = count;
        outputs_.push_back(
            {static_cast<std::int32_t>(output), results[static_cast<std::size_t>(output)]});
    }

    Slots slots;
    for (const ProgramInput& input : inputs_) {
        const bool direct = vectorised_ && input.dtype == LM_F32 &&
                            (input.access == Access::full || input.access == Access::periodic);
        input_slots_.push_back(direct ? -1 : slots.take());
    }
    std::map<std::pair<std::uint32_t, lm_dtype>, std::int32_t> constants;
    for (std::size_t i = 0; i < count; ++i) {
        const auto& instruction = expression.instructions[i];
        Step step{instruction.op, results[i], 0, {}, static_cast<int>(instruction.args.size())};
        // A constant takes the type of the values beside it.
        lm_dtype beside = LM_F32;
        for (std::size_t a = instruction.op == Element::select ? 1 : 0; a < instruction.args.size();
             ++a) {
            const Argument& argument = instruction.args[a];
            const auto index = static_cast<std::size_t>(argument.index);
            if (argument.kind != Argument::Kind::constant)
                beside = argument.kind == Argument::Kind::input ? dtypes[index] : results[index];
        }
        for (std::size_t a = 0; a < instruction.args.size(); ++a) {
            const Argument& argument = instruction.args[a];
            const auto index = static_cast<std::size_t>(argument.index);
            if (argument.kind == Argument::Kind::input) {
                step.operands[a] = {Source::input, argument.index, dtypes[index]};
            } else if (argument.kind == Argument::Kind::temp) {
                step.operands[a] = {Source::slot, -1, results[index]};
            } else {
                const auto key = std::pair{std::bit_cast<std::uint32_t>(argument.value), beside};
                auto found = constants.find(key);
                if (found == constants.end()) {
                    found = constants.emplace(key, slots.take()).first;
                    constants_.push_back({found->second, argument.value, beside});
                }
                step.operands[a] = {Source::slot, found->second, beside};
            }
        }
        steps_.push_back(step);
    }
    // Results share slots only now: inputs and constants keep theirs for a whole range, and so must
    // not get one that some block writes.
    std::vector<std::int32_t> result_slot(count);
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t a = 0; a < expression.instructions[i].args.size(); ++a) {
            const Argument& argument = expression.instructions[i].args[a];
            if (argument.kind == Argument::Kind::temp)
                steps_[i].operands[a].index = result_slot[static_cast<std::size_t>(argument.index)];
        }
        result_slot[i] = slots.take();
        steps_[i].slot = result_slot[i];
        for (std::size_t earlier = 0; earlier <= i; ++earlier)
            if (last_use[earlier] == i)
                slots.give_back(result_slot[earlier]);
    }
    slots_ = slots.count();
}

std::uint64_t Program::in_place() const {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < inputs_.size() && i < 64; ++i)
        if (inputs_[i].access == Access::full && inputs_[i].dtype == outputs_.front().dtype)
            mask |= std::uint64_t{1} << i;
    return mask;
}

double Program::seconds() const {
    constexpr double scalar_nanoseconds = 4.0, simple = 0.06, transcendental = 0.8, byte = 0.05;
    double nanoseconds = 0;
    for (const Step& step : steps_) {
        const bool costly = step.op == Element::exp || step.op == Element::log ||
                            step.op == Element::tanh || step.op == Element::sigmoid ||
                            step.op == Element::erf || step.op == Element::softplus;
        nanoseconds += !vectorised_              ? scalar_nanoseconds
                       : step.op == Element::pow ? 10 * scalar_nanoseconds
                       : costly                  ? transcendental
                                                 : simple;
    }
    for (const ProgramInput& input : inputs_)
        nanoseconds +=
            input.access == Access::full ? byte * double(plugin::size_of(input.dtype)) : simple;
    for (const Output& output : outputs_)
        nanoseconds += byte * double(plugin::size_of(output.dtype));
    return 1e-9 * nanoseconds * static_cast<double>(size_);
}

} // namespace lamina::cpu
