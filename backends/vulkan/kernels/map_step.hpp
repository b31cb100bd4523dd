/// What elementwise operators and movements share: one generated dispatch.
#pragma once

#include "codegen/map.hpp"
#include "kernel.hpp"

namespace lamina::vulkan {

/// Adds the dispatch that computes the map, or several where operands are beyond the device's
/// storage range. Bindings: the map's inputs, then its outputs.
void dispatch_map(Step&, Map, std::vector<Operand> inputs, std::vector<Operand> outputs);

/// A map that copies one view to another.
Map copy_map(std::vector<int64_t> space, View from, View to);

/// Dense, row-major.
View dense_view(lm_dtype, std::span<const int64_t> dims);
std::vector<int64_t> dense_strides(std::span<const int64_t> dims);

/// A dimension's number, counted from the end where it is negative.
size_t positive_axis(int64_t axis, int64_t rank);

/// Threads of one workgroup of a kernel that walks a line of elements.
uint32_t line_workgroup(const Limits&);

/// Throws where the kernel would bind more buffers than the device takes.
void require_bindings(const Limits&, int64_t count);

/// Time for the bytes of all operands and so many operations an output element.
double streaming_seconds(const Limits&, const Node&, double operations = 1);

/// Bit i where output 0 may take the memory of input i: same shape, same element size.
uint64_t in_place_inputs(const Node&);

} // namespace lamina::vulkan
