/// What a kernel of this backend is: a way to turn one node into dispatches.
///
///     struct Matmul {
///         static Plan describe(const Limits&, const Node&);   // cost; throws unsupported("why")
///         static void build(Step&, const Node&);              // adds dispatches
///     };
///     LAMINA_VULKAN_KERNEL(matmul_tiled, "matmul", "tiled", 10, Matmul)
///
/// Operands may be beyond Limits::max_range: a kernel binds parts of them, or throws.
/// build runs once a program, before anything is recorded; buffers are bound later.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lamina/plugin/kernel.hpp"
#include "tables.hpp"
#include "vk/pipeline.hpp"

namespace lamina::vulkan {

using plugin::Node;
using plugin::Plan;

/// What a kernel must know of the device.
struct Limits {
    uint32_t max_invocations = 128; // of a workgroup
    uint32_t max_shared_bytes = 16384;
    uint64_t max_range = uint64_t{1} << 27; // of one operand
    uint32_t max_bindings = 4;
    uint32_t max_groups = 65535; // of one dimension
    uint64_t alignment = 16;
    double flops_per_second = 1e11; // what the cost model takes the device for
    double bytes_per_second = 1e10;
    double dispatch_seconds = 1e-5;
    bool shares_at_no_gain = false; // a workgroup's shared memory is no faster than a buffer
    int64_t units = 8;              // that run workgroups side by side, of a device of its kind
    CooperativeMatrix cooperative_matrix; // none where it was not asked for

    static Limits of(const DeviceFacts&, bool cooperative_matrix = false);

    double seconds(double flops, double bytes, int dispatches = 1) const;
};

/// bytes, rounded up to where the next operand may begin.
inline uint64_t aligned(const Limits& limits, uint64_t bytes) {
    return (bytes + limits.alignment - 1) / limits.alignment * limits.alignment;
}

/// Bytes of one of the program's buffers, or of one of the device's tables, whose slots follow.
struct Operand {
    uint32_t slot = 0;
    uint64_t offset = 0;
    uint64_t bytes = 0;
};

enum class Access : uint8_t { read, write, read_write };

struct Binding {
    Operand operand;
    Access access = Access::read;
};

inline Binding reads(Operand o) { return {o, Access::read}; }
inline Binding writes(Operand o) { return {o, Access::write}; }
inline Binding updates(Operand o) { return {o, Access::read_write}; }

struct Groups {
    uint32_t x = 1, y = 1, z = 1;
};

struct Dispatch {
    uint32_t step = 0;
    const Pipeline* pipeline = nullptr;
    std::vector<uint32_t> push;
    std::vector<Binding> bindings;
    Groups groups;
};

/// A 32-bit word of push or specialisation constants; narrowing throws.
uint32_t word(int64_t value);
uint32_t word(float value);

/// One step of a program under construction.
class Step {
  public:
    /// first_table: the slot of the device's first table.
    Step(const Limits& limits_of_device, Pipelines& pipelines, Tables& tables, uint32_t first_table,
         std::vector<Dispatch>& dispatches, uint32_t index, std::vector<Operand> inputs,
         std::vector<Operand> outputs, Operand workspace)
        : limits(limits_of_device), pipelines_(pipelines), tables_(tables),
          first_table_(first_table), dispatches_(dispatches), index_(index),
          inputs_(std::move(inputs)), outputs_(std::move(outputs)), workspace_(workspace) {}

    const Limits& limits;

    Operand in(size_t i) const { return inputs_.at(i); }
    Operand out(size_t i = 0) const { return outputs_.at(i); }
    size_t n_inputs() const { return inputs_.size(); }
    /// offset: into the workspace, a multiple of limits.alignment.
    Operand workspace(uint64_t offset, uint64_t bytes) const;
    /// Words to be looked up: to be read only.
    Operand table(std::span<const uint32_t> words) const;

    /// Bindings in the order of the shader's binding numbers.
    void dispatch(std::span<const uint32_t> shader, std::span<const uint32_t> constants,
                  std::span<const uint32_t> push, std::span<const Binding> bindings, Groups groups);
    void dispatch(std::span<const uint32_t> shader, std::initializer_list<uint32_t> constants,
                  std::initializer_list<uint32_t> push, std::initializer_list<Binding> bindings,
                  Groups groups) {
        dispatch(shader, std::span(constants.begin(), constants.size()),
                 std::span(push.begin(), push.size()), std::span(bindings.begin(), bindings.size()),
                 groups);
    }

    /// `count` workgroups in one dimension, folded into two where one is not long enough: the
    /// shader's index is y * gl_NumWorkGroups.x + x, and those beyond `count` have nothing to do.
    Groups linear(uint64_t count) const;

  private:
    Pipelines& pipelines_;
    Tables& tables_;
    uint32_t first_table_;
    std::vector<Dispatch>& dispatches_;
    uint32_t index_;
    std::vector<Operand> inputs_, outputs_;
    Operand workspace_;
};

struct Kernel {
    const char* op;
    const char* name;
    int32_t priority;
    Plan (*describe)(const Limits&, const Node&);
    void (*build)(Step&, const Node&);
};

/// Every kernel linked into this library, in no particular order.
std::span<const Kernel* const> all_kernels();

/// Elements [first, last] of an operand as a binding of its own, which begins at an aligned offset:
/// `ahead` elements before the first.
struct Part {
    Operand operand;
    int64_t ahead = 0;
};
Part part_of(const Limits&, Operand, int64_t first, int64_t last, int64_t element_bytes);

/// Throws unless every operand of the node is of one of these dtypes.
void require_dtypes(const Node&, std::initializer_list<lm_dtype>);

} // namespace lamina::vulkan

/// id: an identifier, unique in the file. Linking the file is enough; no list names the kernel.
#define LAMINA_VULKAN_KERNEL(id, op_name, kernel_name, priority, Class)                            \
    static constexpr ::lamina::vulkan::Kernel LAMINA_CONCAT(vulkan_kernel_, id){                   \
        op_name, kernel_name, priority, &Class::describe, &Class::build};                          \
    __attribute__((                                                                                \
        section("lamina_vulkan_kernels"),                                                          \
        used)) static const ::lamina::vulkan::Kernel* const LAMINA_CONCAT(vulkan_entry_, id) =     \
        &LAMINA_CONCAT(vulkan_kernel_, id);
