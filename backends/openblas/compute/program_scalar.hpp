#pragma once

// Programs over types other than f32 and bool, an element at a time.

#include <cstdint>

namespace lamina::cpu {

class Program;

void run_scalar_program(const Program& program, const void* const* inputs, void* const* outputs,
                        std::int64_t begin, std::int64_t end);

} // namespace lamina::cpu
