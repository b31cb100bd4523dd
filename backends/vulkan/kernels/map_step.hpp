/// What elementwise operators and movements share: one generated dispatch.
#pragma once

#include "codegen/map.hpp"
#include "kernel.hpp"

namespace lamina::vulkan {

/// Adds the dispatch that computes the map, or several where operands are beyond the device's
/// storage range or more than it binds. temporaries: the offset of map_workspace() bytes in the
/// workspace. An output may lie where an input of its size does.
void dispatch_map(Step&, Map, std::vector<Operand> inputs, std::vector<Operand> outputs,
                  uint64_t temporaries = 0);

/// Bytes of temporaries that a map takes on this device: 0 unless its buffers are more than may be
/// bound.
uint64_t map_workspace(const Limits&, const Map&);

/// sum += term, of so many elements side by side in f32.
void dispatch_add(Step&, Operand sum, Operand term, int64_t elements);

/// A map that copies one view to another.
Map copy_map(std::vector<int64_t> space, View from, View to);

/// Dense, row-major.
View dense_view(lm_dtype, std::span<const int64_t> dims);
std::vector<int64_t> dense_strides(std::span<const int64_t> dims);

/// A dimension's number, counted from the end where it is negative.
size_t positive_axis(int64_t axis, int64_t rank);

/// Threads of one workgroup of a kernel that walks a line of elements.
uint32_t line_workgroup(const Limits&);

/// Time for the bytes of all operands and so many operations an output element.
double streaming_seconds(const Limits&, const Node&, double operations = 1);

/// Bit i where output 0 may take the memory of input i: same shape, same element size.
uint64_t in_place_inputs(const Node&);

} // namespace lamina::vulkan
