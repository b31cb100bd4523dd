#include "small_program.hpp"

#include <cstring>

#include "abi_call.hpp"
#include "lamina/graph.hpp"
#include "lamina/operators.hpp"

namespace lamina::conformance {

namespace {

/// The backend's first candidate for a node.
struct Choice {
    std::string name;
    uint64_t workspace = 0;
};

Choice choose(const Device& device, const lm_node_desc& node) {
    std::vector<Choice> list;
    const auto emit = [](void* context, const lm_candidate* c) {
        static_cast<std::vector<Choice>*>(context)->push_back({c->name, c->workspace_bytes});
    };
    call(device.table().describe, device.raw(), &node, static_cast<void*>(&list),
         static_cast<lm_emit_candidate>(emit));
    if (list.empty())
        fail(StatusCode::Unsupported, std::string("no kernel for ") + node.op);
    return list[0];
}

uint64_t rounded_up(uint64_t bytes, uint64_t alignment) {
    return (bytes + alignment - 1) / alignment * alignment;
}

} // namespace

SmallProgram::SmallProgram(std::shared_ptr<Device> device) : device_(std::move(device)) {
    Graph graph;
    const ValueId in = graph.add_input("x", {DType::F32, Shape{elements}});
    const ValueId squared = add_operator(graph, "mul", "mul", "", {in, in})[0];
    add_operator(graph, "neg", "neg", "", {squared});
    const auto mul = describe_node(graph, graph.nodes()[1]);
    const auto neg = describe_node(graph, graph.nodes()[2]);
    Choice first = choose(*device_, mul->desc()), second = choose(*device_, neg->desc());

    const uint64_t alignment = std::max<uint64_t>(device_->info().alignment, 1);
    const uint64_t workspace = rounded_up(bytes, alignment);
    const uint64_t arena = workspace + std::max(first.workspace, second.workspace);
    arena_ = device_->allocate(arena, LM_SLOT_ARENA);

    lm_slot_desc slots[] = {{sizeof(lm_slot_desc), LM_SLOT_INPUT, bytes, "x"},
                            {sizeof(lm_slot_desc), LM_SLOT_ARENA, arena, "arena"},
                            {sizeof(lm_slot_desc), LM_SLOT_OUTPUT, bytes, "y"}};
    lm_value_desc values[] = {{sizeof(lm_value_desc), 0, 0, mul->desc().inputs[0]},
                              {sizeof(lm_value_desc), 1, 0, mul->desc().outputs[0]},
                              {sizeof(lm_value_desc), 2, 0, neg->desc().outputs[0]}};
    uint32_t mul_inputs[] = {0, 0}, mul_outputs[] = {1}, neg_outputs[] = {2};
    lm_step_desc steps[] = {{sizeof(lm_step_desc), 1, workspace, &mul->desc(), first.name.c_str(),
                             mul_inputs, mul_outputs},
                            {sizeof(lm_step_desc), 1, workspace, &neg->desc(), second.name.c_str(),
                             mul_outputs, neg_outputs}};
    const lm_slot_desc* slot_list[] = {&slots[0], &slots[1], &slots[2]};
    const lm_value_desc* value_list[] = {&values[0], &values[1], &values[2]};
    const lm_step_desc* step_list[] = {&steps[0], &steps[1]};
    lm_program_desc description{sizeof description, "small", 3,        slot_list, 3,
                                value_list,         2,       step_list};
    call(device_->table().program_create, device_->raw(),
         static_cast<const lm_program_desc*>(&description), &program_);

    // "Valid during program_create alone."
    std::fill(first.name.begin(), first.name.end(), '!');
    std::fill(second.name.begin(), second.name.end(), '!');
    std::memset(slots, 0xFF, sizeof slots);
    std::memset(values, 0xFF, sizeof values);
    std::memset(steps, 0xFF, sizeof steps);
    std::memset(mul_inputs, 0xFF, sizeof mul_inputs);
    std::memset(mul_outputs, 0xFF, sizeof mul_outputs);
    std::memset(neg_outputs, 0xFF, sizeof neg_outputs);
    std::memset(&description, 0xFF, sizeof description);
}

SmallProgram::~SmallProgram() {
    if (program_ != nullptr)
        device_->table().program_destroy(program_);
}

std::vector<lm_buffer*> SmallProgram::bind(const Buffer& x, const Buffer& y) const {
    return {x.raw(), arena_->raw(), y.raw()};
}

lm_token SmallProgram::submit(const Buffer& x, const Buffer& y, lm_token wait) const {
    const auto buffers = bind(x, y);
    lm_token token = 0;
    call(device_->table().submit, program_, static_cast<lm_buffer* const*>(buffers.data()), wait,
         &token);
    return token;
}

std::vector<double> SmallProgram::profile(const Buffer& x, const Buffer& y) const {
    const auto buffers = bind(x, y);
    std::vector<double> seconds(2, -1);
    call(device_->table().profile, program_, static_cast<lm_buffer* const*>(buffers.data()),
         seconds.data());
    return seconds;
}

std::vector<float> SmallProgram::x(int n) {
    std::vector<float> values(elements);
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>((static_cast<int>(i) * 7 + n * 13) % 101 - 50);
    return values;
}

std::vector<float> SmallProgram::y(int n) {
    std::vector<float> values = x(n);
    for (float& v : values)
        v = -(v * v);
    return values;
}

} // namespace lamina::conformance
