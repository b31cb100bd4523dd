#include "single_node.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/format.h>

#include "abi_call.hpp"
#include "lamina/operators.hpp"

namespace lamina::conformance {

namespace {

constexpr unsigned char guard_byte = 0xA5;
constexpr unsigned char poison = 0xFF; // a NaN in every floating dtype

/// One buffer with all operands, guards before, between and after them.
class Layout {
  public:
    explicit Layout(uint64_t alignment)
        : alignment_(alignment), guard_(std::max<uint64_t>(alignment, 256)), end_(guard_) {}

    uint64_t add(uint64_t bytes) {
        const uint64_t at = end_;
        used_.emplace_back(at, bytes);
        end_ = (at + bytes + alignment_ - 1) / alignment_ * alignment_ + guard_;
        return at;
    }
    uint64_t bytes() const { return end_; }

    /// Every byte that belongs to no operand.
    template <class Body>
    void for_each_guard(Body&& body) const {
        uint64_t from = 0;
        for (const auto& [at, bytes] : used_) {
            body(from, at);
            from = at + bytes;
        }
        body(from, end_);
    }

  private:
    uint64_t alignment_, guard_, end_;
    std::vector<std::pair<uint64_t, uint64_t>> used_;
};

struct DestroyProgram {
    const lm_backend* table;
    void operator()(lm_program* program) const { table->program_destroy(program); }
};

} // namespace

SingleNode::SingleNode(std::shared_ptr<Device> device, const std::string& op,
                       const std::vector<Tensor>& inputs, const Attributes& attrs)
    : device_(std::move(device)) {
    Graph graph;
    std::vector<ValueId> ids;
    for (const Tensor& t : inputs)
        ids.push_back(graph.add_input("x" + std::to_string(ids.size()), {t.dtype(), t.shape()}));
    for (const ValueId v : add_operator(graph, op, op, "", ids, attrs))
        outputs_.push_back(graph.type(v));
    node_ = describe_node(graph, graph.nodes().back());
}

std::vector<Candidate> SingleNode::candidates() const {
    std::vector<Candidate> list;
    const auto emit = [](void* context, const lm_candidate* c) {
        static_cast<std::vector<Candidate>*>(context)->push_back(
            {c->name, c->numerics == nullptr ? "" : c->numerics, c->workspace_bytes, c->in_place});
    };
    call(device_->table().describe, device_->raw(), &node_->desc(), static_cast<void*>(&list),
         static_cast<lm_emit_candidate>(emit));
    return list;
}

/// A program of the one node, and a buffer in which all it touches lies.
struct SingleNode::Prepared {
    Layout layout;
    std::vector<uint64_t> places;     // of the inputs, then the outputs
    std::vector<unsigned char> image; // what the buffer holds
    std::shared_ptr<Buffer> buffer;
    std::unique_ptr<lm_program, DestroyProgram> program;
};

SingleNode::Prepared SingleNode::prepare(const Candidate& candidate,
                                         const std::vector<Tensor>& inputs, int in_place) const {
    const lm_backend& table = device_->table();
    const lm_node_desc& node = node_->desc();

    Layout layout(std::max<uint64_t>(device_->info().alignment, 1));
    std::vector<uint64_t> places;
    for (const Tensor& t : inputs)
        places.push_back(layout.add(t.bytes()));
    for (size_t i = 0; i < outputs_.size(); ++i)
        places.push_back(i == 0 && in_place >= 0
                             ? places[static_cast<size_t>(in_place)]
                             : layout.add(static_cast<uint64_t>(outputs_[i].bytes())));
    const uint64_t workspace = layout.add(candidate.workspace);

    const lm_slot_desc slot{sizeof slot, LM_SLOT_ARENA, layout.bytes(), "arena"};
    std::vector<lm_value_desc> values;
    std::vector<uint32_t> indices;
    for (size_t i = 0; i < places.size(); ++i) {
        const auto* type = i < inputs.size() ? node.inputs[i] : node.outputs[i - inputs.size()];
        values.push_back({sizeof(lm_value_desc), 0, places[i], type});
        indices.push_back(static_cast<uint32_t>(i));
    }
    const lm_step_desc step{sizeof step,
                            0,
                            workspace,
                            &node,
                            candidate.name.c_str(),
                            indices.data(),
                            indices.data() + inputs.size()};
    std::vector<const lm_value_desc*> value_pointers;
    for (const lm_value_desc& v : values)
        value_pointers.push_back(&v);
    const lm_slot_desc* slots[] = {&slot};
    const lm_step_desc* steps[] = {&step};
    const lm_program_desc description{sizeof description, "conformance",         1, slots,
                                      values.size(),      value_pointers.data(), 1, steps};
    lm_program* program = nullptr;
    call(table.program_create, device_->raw(), &description, &program);

    std::vector<unsigned char> image(layout.bytes(), poison);
    layout.for_each_guard([&](uint64_t from, uint64_t to) {
        std::fill(image.begin() + static_cast<int64_t>(from),
                  image.begin() + static_cast<int64_t>(to), guard_byte);
    });
    for (size_t i = 0; i < inputs.size(); ++i)
        if (inputs[i].bytes() > 0)
            std::memcpy(image.data() + places[i], inputs[i].raw(), inputs[i].bytes());
    auto prepared = Prepared{std::move(layout),
                             std::move(places),
                             std::move(image),
                             nullptr,
                             {program, DestroyProgram{&table}}};
    prepared.buffer = device_->allocate(prepared.layout.bytes(), LM_SLOT_ARENA);
    prepared.buffer->write(prepared.image.data(), prepared.image.size());
    return prepared;
}

Outcome SingleNode::run(const Candidate& candidate, const std::vector<Tensor>& inputs,
                        int in_place) const {
    auto [layout, places, image, buffer, program] = prepare(candidate, inputs, in_place);
    lm_buffer* buffers[] = {buffer->raw()};
    lm_token token = 0;
    call(device_->table().submit, program.get(), static_cast<lm_buffer* const*>(buffers),
         lm_token{0}, &token);
    call(device_->table().wait, device_->raw(), token);
    buffer->read(image.data(), image.size());

    Outcome outcome;
    layout.for_each_guard([&image = image, &outcome, &layout = layout](uint64_t from, uint64_t to) {
        for (uint64_t i = from; i < to && outcome.fault.empty(); ++i)
            if (image[i] != guard_byte)
                outcome.fault =
                    fmt::format("wrote outside its operands, at byte {} of {}", i, layout.bytes());
    });
    for (size_t i = 0; i < inputs.size(); ++i)
        if (static_cast<int>(i) != in_place && inputs[i].bytes() > 0 &&
            std::memcmp(image.data() + places[i], inputs[i].raw(), inputs[i].bytes()) != 0)
            outcome.fault = fmt::format("changed its input {}", i);
    for (size_t i = 0; i < outputs_.size(); ++i) {
        Tensor t = Tensor::uninitialized(outputs_[i].dtype, outputs_[i].shape);
        if (t.bytes() > 0)
            std::memcpy(t.raw(), image.data() + places[inputs.size() + i], t.bytes());
        outcome.outputs.push_back(std::move(t));
    }
    return outcome;
}

double SingleNode::time(const Candidate& candidate, const std::vector<Tensor>& inputs) const {
    const Prepared prepared = prepare(candidate, inputs, -1);
    lm_buffer* buffers[] = {prepared.buffer->raw()};
    double least = std::numeric_limits<double>::infinity(), spent = 0;
    for (int run = 0; run < 3 || (run < 100 && spent < 0.05); ++run) {
        double seconds = 0;
        call(device_->table().profile, prepared.program.get(),
             static_cast<lm_buffer* const*>(buffers), &seconds);
        least = std::min(least, seconds);
        spent += seconds;
    }
    return least;
}

} // namespace lamina::conformance
