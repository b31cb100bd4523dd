#include "program.hpp"

#include <algorithm>

#include "open_device.hpp"

namespace lamina::vulkan {

namespace {

// Sets of buffers whose recordings are kept: the engine goes round up to eight of inputs and
// outputs, so that some steps are under way while it prepares the next.
constexpr size_t kRecordings = 8;

uint64_t rounded(uint64_t bytes) { return std::max<uint64_t>((bytes + 3) / 4 * 4, 4); }

} // namespace

bool Hazards::must_wait(std::span<const Binding> bindings, std::span<const VkBuffer> buffers) {
    const auto range = [&](const Binding& b) {
        return Range{buffers[b.operand.slot], b.operand.offset,
                     b.operand.offset + rounded(b.operand.bytes), b.access != Access::read};
    };
    const auto clashes = [&](const Binding& b) {
        const Range mine = range(b);
        return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& other) {
            return mine.buffer == other.buffer && mine.begin < other.end &&
                   other.begin < mine.end && (mine.write || other.write);
        });
    };
    const bool wait = std::any_of(bindings.begin(), bindings.end(), clashes);
    if (wait)
        ranges_.clear();
    for (const Binding& b : bindings)
        ranges_.push_back(range(b));
    return wait;
}

Program::Program(OpenDevice& device, const lm_program_desc& desc)
    : device_(device), name_(desc.name != nullptr ? desc.name : ""),
      n_steps_(static_cast<uint32_t>(desc.n_steps)) {
    for (uint64_t i = 0; i < desc.n_slots; ++i)
        slot_bytes_.push_back(desc.slots[i]->bytes);
    std::vector<double> seconds;
    for (uint32_t i = 0; i < n_steps_; ++i)
        seconds.push_back(add_step(desc, i));
    for (const Dispatch& d : dispatches_)
        for (const Binding& b : d.bindings)
            if (b.operand.slot >= slot_bytes_.size())
                tables_.insert(b.operand.slot - static_cast<uint32_t>(slot_bytes_.size()));
    cut(desc, seconds);
    device_.pipelines.settle();
    for (const uint32_t table : tables_)
        device_.tables.buffer(table);
}

Program::~Program() {
    for (Recording& recording : recordings_)
        release(recording);
}

/// Returns the estimate of its time.
double Program::add_step(const lm_program_desc& desc, uint32_t index) {
    const lm_step_desc& step = *desc.steps[index];
    const auto operand = [&](uint32_t value) {
        const lm_value_desc& v = *desc.values[value];
        if (v.offset % device_.limits.alignment != 0)
            plugin::invalid("the value at offset " + std::to_string(v.offset) +
                            " is not aligned to " + std::to_string(device_.limits.alignment));
        return Operand{v.slot, v.offset,
                       static_cast<uint64_t>(plugin::TensorView{v.tensor}.bytes())};
    };
    std::vector<Operand> inputs, outputs;
    for (uint64_t i = 0; i < step.node->n_inputs; ++i)
        inputs.push_back(operand(step.inputs[i]));
    for (uint64_t i = 0; i < step.node->n_outputs; ++i)
        outputs.push_back(operand(step.outputs[i]));
    Step builder(device_.limits, device_.pipelines, device_.tables,
                 static_cast<uint32_t>(slot_bytes_.size()), dispatches_, index, std::move(inputs),
                 std::move(outputs), {step.workspace_slot, step.workspace_offset, 0});
    try {
        const size_t made = device_.pipelines.made();
        const double seconds = device_.build(step.candidate, builder, Node(step.node));
        if (const size_t more = device_.pipelines.made() - made; more > 0)
            device_.device.host()->log(LM_LOG_DEBUG,
                                       ("vulkan: " + std::to_string(more) + " made for " +
                                        step.node->op + ", kernel " + step.candidate)
                                           .c_str());
        return seconds;
    } catch (const plugin::Error& e) {
        throw plugin::Error(e.code(), std::string(step.node->op) + " (" + step.node->name +
                                          ", kernel " + step.candidate + "): " + e.what());
    }
}

/// A part ends before the dispatch with which its estimated time would pass the device's.
void Program::cut(const lm_program_desc& desc, std::span<const double> step_seconds) {
    std::vector<size_t> dispatches_of(n_steps_);
    for (const Dispatch& d : dispatches_)
        ++dispatches_of[d.step];
    double seconds = 0;
    parts_.emplace_back();
    for (size_t i = 0; i < dispatches_.size(); ++i) {
        const uint32_t step = dispatches_[i].step;
        const double next = step_seconds[step] / static_cast<double>(dispatches_of[step]);
        if (parts_.back().begin < i && seconds + next > device_.submission_seconds) {
            parts_.push_back({i, i, nullptr});
            seconds = 0;
        }
        seconds += next;
        parts_.back().end = i + 1;
    }
    for (size_t i = 0; i < parts_.size(); ++i)
        parts_[i].what =
            std::make_shared<std::string>(part_name(desc, parts_[i], i + 1, parts_.size()));
}

std::string Program::part_name(const lm_program_desc& desc, const Part& part, size_t number,
                               size_t count) const {
    const auto step_name = [&](uint32_t index) {
        const lm_node_desc& node = *desc.steps[index]->node;
        const bool layer = node.layer != nullptr && *node.layer != '\0';
        return std::string(node.op) + " of " + (layer ? node.layer : node.name);
    };
    std::string whole = "part " + std::to_string(number) + " of " + std::to_string(count) +
                        " of program `" + name_ + "`";
    if (part.begin == part.end)
        return whole;
    const uint32_t first = dispatches_[part.begin].step, last = dispatches_[part.end - 1].step;
    return whole + ": steps " + std::to_string(first + 1) + " to " + std::to_string(last + 1) +
           " of " + std::to_string(n_steps_) + ", " + step_name(first) +
           (last != first ? " to " + step_name(last) : std::string());
}

VkDescriptorPool Program::make_pool() const {
    uint32_t buffers = 0;
    for (const Dispatch& d : dispatches_)
        buffers += static_cast<uint32_t>(d.bindings.size());
    const VkDescriptorPoolSize size{VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, std::max(buffers, 1u)};
    auto info = make<VkDescriptorPoolCreateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO);
    info.maxSets = std::max<uint32_t>(static_cast<uint32_t>(dispatches_.size()), 1);
    info.poolSizeCount = 1;
    info.pPoolSizes = &size;
    VkDescriptorPool pool = VK_NULL_HANDLE;
    check(device_.device.api().CreateDescriptorPool(device_.device.handle(), &info, nullptr, &pool),
          "creating a descriptor pool");
    return pool;
}

VkDescriptorSet Program::make_set(VkDescriptorPool pool, const Dispatch& dispatch,
                                  std::span<const VkBuffer> buffers) const {
    const Device& device = device_.device;
    auto info = make<VkDescriptorSetAllocateInfo>(VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO);
    info.descriptorPool = pool;
    info.descriptorSetCount = 1;
    info.pSetLayouts = &dispatch.pipeline->set_layout;
    VkDescriptorSet set = VK_NULL_HANDLE;
    check(device.api().AllocateDescriptorSets(device.handle(), &info, &set),
          "allocating a descriptor set");

    std::vector<VkDescriptorBufferInfo> ranges;
    for (const Binding& b : dispatch.bindings)
        ranges.push_back({buffers[b.operand.slot], b.operand.offset, rounded(b.operand.bytes)});
    auto write = make<VkWriteDescriptorSet>(VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET);
    write.dstSet = set;
    write.descriptorCount = static_cast<uint32_t>(ranges.size());
    write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    write.pBufferInfo = ranges.data();
    device.api().UpdateDescriptorSets(device.handle(), 1, &write, 0, nullptr);
    return set;
}

Program::Recording Program::record(lm_buffer* const* raw, VkQueryPool timestamps) {
    const Device& device = device_.device;
    std::vector<VkBuffer> buffers;
    Recording recording;
    recording.addresses.assign(raw, raw + slot_bytes_.size());
    recording.destroyed = device_.memory.destroyed();
    for (size_t slot = 0; slot < slot_bytes_.size(); ++slot) {
        const auto* buffer = reinterpret_cast<const Buffer*>(raw[slot]);
        if (buffer != nullptr && buffer->bytes < slot_bytes_[slot])
            plugin::invalid("program " + name_ + ": slot " + std::to_string(slot) + " takes " +
                            std::to_string(slot_bytes_[slot]) + " bytes, its buffer has " +
                            std::to_string(buffer->bytes));
        buffers.push_back(buffer != nullptr ? buffer->handle : VK_NULL_HANDLE);
        recording.buffer_ids.push_back(buffer != nullptr ? buffer->id : 0);
    }
    for (const uint32_t table : tables_) {
        buffers.resize(std::max(buffers.size(), slot_bytes_.size() + table + 1));
        buffers[slot_bytes_.size() + table] = device_.tables.buffer(table);
    }

    try {
        recording.pool = make_pool();
        uint32_t timed = 0; // steps whose beginning has a timestamp
        for (const Part& part : parts_) {
            recording.commands.push_back(device.allocate_commands(Lane::compute));
            record_part(part, recording.commands.back(), recording, buffers, timestamps, timed);
        }
    } catch (...) {
        release(recording);
        throw;
    }
    return recording;
}

void Program::record_part(const Part& part, VkCommandBuffer commands, Recording& recording,
                          std::span<const VkBuffer> buffers, VkQueryPool timestamps,
                          uint32_t& timed) {
    const Device& device = device_.device;
    const DeviceApi& api = device.api();
    device.begin(commands, VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
    // Orders the part after everything submitted before it.
    device.barrier(Lane::compute, commands);
    if (timestamps != VK_NULL_HANDLE && timed == 0)
        api.CmdResetQueryPool(commands, timestamps, 0, n_steps_ + 1);
    const auto stamp_until = [&](uint32_t step) {
        for (; timestamps != VK_NULL_HANDLE && timed <= step; ++timed) {
            device.barrier(Lane::compute, commands);
            api.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, timestamps,
                                  timed);
        }
    };
    Hazards hazards;
    for (const Dispatch& d : std::span(dispatches_).subspan(part.begin, part.end - part.begin)) {
        stamp_until(d.step);
        if (hazards.must_wait(d.bindings, buffers))
            device.barrier(Lane::compute, commands);
        const VkDescriptorSet set = make_set(recording.pool, d, buffers);
        api.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, d.pipeline->handle);
        api.CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE, d.pipeline->layout, 0,
                                  1, &set, 0, nullptr);
        if (!d.push.empty())
            api.CmdPushConstants(commands, d.pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                 static_cast<uint32_t>(d.push.size() * sizeof d.push[0]),
                                 d.push.data());
        if (!device.options().without_work)
            api.CmdDispatch(commands, d.groups.x, d.groups.y, d.groups.z);
    }
    if (part.end == dispatches_.size()) {
        stamp_until(n_steps_);
        device.barrier(Lane::compute, commands, true);
    }
    check(api.EndCommandBuffer(commands), "recording a program");
}

void Program::release(Recording& recording) const noexcept {
    const Device& device = device_.device;
    device.wait_idle();
    for (VkCommandBuffer commands : recording.commands)
        device.free_commands(Lane::compute, commands);
    device.api().DestroyDescriptorPool(device.handle(), recording.pool, nullptr);
}

/// Whether it was recorded with these buffers. Between two steps of training this looks at one
/// array and at none of the buffers, which lie all over the memory.
bool Program::is_of(Recording& recording, lm_buffer* const* buffers) const {
    if (!std::equal(recording.addresses.begin(), recording.addresses.end(), buffers))
        return false;
    if (recording.destroyed == device_.memory.destroyed())
        return true;
    for (size_t slot = 0; slot < recording.buffer_ids.size(); ++slot) {
        const auto* buffer = reinterpret_cast<const Buffer*>(buffers[slot]);
        if (recording.buffer_ids[slot] != (buffer != nullptr ? buffer->id : 0))
            return false;
    }
    recording.destroyed = device_.memory.destroyed();
    return true;
}

lm_token Program::submit(lm_buffer* const* buffers, lm_token wait) {
    const auto known = std::find_if(recordings_.begin(), recordings_.end(),
                                    [&](Recording& r) { return is_of(r, buffers); });
    if (known != recordings_.end()) {
        recordings_.splice(recordings_.begin(), recordings_, known);
    } else {
        recordings_.push_front(record(buffers, VK_NULL_HANDLE));
        if (recordings_.size() > kRecordings) {
            release(recordings_.back());
            recordings_.pop_back();
        }
    }
    return submit(recordings_.front(), wait);
}

lm_token Program::submit(Recording& recording, lm_token wait) {
    device_.memory.flush(); // what this may wait for
    lm_token token = wait;
    for (size_t i = 0; i < parts_.size(); ++i)
        token = device_.device.submit(Lane::compute, recording.commands[i], token, parts_[i].what);
    return token;
}

void Program::profile(lm_buffer* const* buffers, double* seconds) {
    const Device& device = device_.device;
    if (device.facts().timestamp_bits == 0)
        plugin::unsupported("the device has no timestamps");
    auto info = make<VkQueryPoolCreateInfo>(VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO);
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = n_steps_ + 1;
    VkQueryPool queries = VK_NULL_HANDLE;
    check(device.api().CreateQueryPool(device.handle(), &info, nullptr, &queries),
          "creating timestamp queries");
    std::vector<uint64_t> ticks(n_steps_ + 1);
    Recording recording;
    try {
        recording = record(buffers, queries);
        device_.memory.wait(submit(recording, 0));
        check(device.api().GetQueryPoolResults(
                  device.handle(), queries, 0, n_steps_ + 1, ticks.size() * sizeof ticks[0],
                  ticks.data(), sizeof ticks[0], VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
              "reading timestamps");
        release(recording);
    } catch (...) {
        release(recording);
        device.api().DestroyQueryPool(device.handle(), queries, nullptr);
        throw;
    }
    device.api().DestroyQueryPool(device.handle(), queries, nullptr);
    const uint32_t bits = device.facts().timestamp_bits;
    const uint64_t mask = bits >= 64 ? UINT64_MAX : (uint64_t{1} << bits) - 1;
    for (uint32_t i = 0; i < n_steps_; ++i)
        seconds[i] = static_cast<double>((ticks[i + 1] - ticks[i]) & mask) *
                     static_cast<double>(device.limits().timestampPeriod) * 1e-9;
}

} // namespace lamina::vulkan
