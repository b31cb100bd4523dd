#include "kernels/epilogue.hpp"

namespace lamina::cpu {

using plugin::Argument;
using plugin::Element;

namespace {

bool is_input(const Argument& a, std::int32_t index) {
    return a.kind == Argument::Kind::input && a.index == index;
}

} // namespace

NodeEpilogue::NodeEpilogue(const plugin::Node& node, std::int64_t own)
    : own_{own}, inputs_{node.n_inputs()} {
    const std::string text = node.has("epilogue") ? node.string("epilogue") : std::string();
    if (text.empty())
        return;
    const auto expression = plugin::Expression::parse(text);
    const plugin::TensorType result = node.output().type();
    std::vector<plugin::TensorType> types{{LM_F32, result.dims}};
    std::vector<lm_dtype> dtypes{LM_F32};
    for (std::int64_t i = own; i < inputs_; ++i) {
        types.push_back(node.input(i).type());
        dtypes.push_back(types.back().dtype);
    }
    if (expression.dtypes(dtypes).back() != LM_F32)
        plugin::unsupported("its epilogue gives another type than f32");
    const auto& steps = expression.instructions;
    const std::int64_t last = static_cast<std::int64_t>(steps.size()) - 1;
    program_ = std::make_shared<const Program>(expression, types, std::span(&last, 1), result.dims);

    // The tiles know: add i0 iK [; relu t0], and relu i0.
    std::size_t at = 0;
    if (steps[0].op == Element::add &&
        (is_input(steps[0].args[0], 0) || is_input(steps[0].args[1], 0))) {
        const Argument& other = steps[0].args[is_input(steps[0].args[0], 0) ? 1 : 0];
        if (other.kind != Argument::Kind::input || other.index == 0)
            return;
        const auto& type = types[static_cast<std::size_t>(other.index)];
        if (type.dtype != LM_F32 || type.dims.empty() || type.dims.back() != result.dims.back() ||
            type.elements() != result.dims.back())
            return;
        bias_ = own + other.index - 1;
        ++at;
    }
    if (at < steps.size() && steps[at].op == Element::relu) {
        const Argument& a = steps[at].args[0];
        if (at == 0 ? is_input(a, 0) : a.kind == Argument::Kind::temp) {
            activation_ = Activation::relu;
            ++at;
        }
    }
    native_ = at == steps.size();
}

Epilogue NodeEpilogue::in_tiles(const plugin::Args& args, bool native) const {
    Epilogue e;
    if (native && native_) {
        e.bias = bias_ < 0 ? nullptr : args.in<float>(bias_);
        e.activation = activation_;
    }
    return e;
}

std::unique_ptr<NodeEpilogue::Rows> NodeEpilogue::rows(const plugin::Args& args) const {
    auto rows = std::make_unique<Rows>();
    rows->program = program_.get();
    rows->output = args.out<void>();
    rows->inputs.push_back(rows->output);
    for (std::int64_t i = own_; i < inputs_; ++i)
        rows->inputs.push_back(args.in<void>(i));
    return rows;
}

void NodeEpilogue::run_rows(const void* context, float*, std::int64_t first_row,
                            std::int64_t row_count, std::int64_t columns) {
    const auto& rows = *static_cast<const Rows*>(context);
    void* output = rows.output;
    rows.program->run_range(rows.inputs.data(), &output, first_row * columns,
                            (first_row + row_count) * columns);
}

void NodeEpilogue::pass(const plugin::Args& args, const Parallel& parallel) const {
    const auto bound = rows(args);
    program_->run(bound->inputs.data(), &bound->output, parallel);
}

} // namespace lamina::cpu
