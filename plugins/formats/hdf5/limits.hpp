/// What a damaged file may cost: bounds on this process, which ends when it goes beyond them.
#pragma once

#include <cstdint>

namespace lamina::plugin {

/// Before a file is opened: a file's structure takes milliseconds and a few megabytes.
void limit_for_structure();
/// Before so many bytes are read; largest_at_once: of a tensor that is read in one piece.
void limit_for_data(uint64_t bytes, uint64_t largest_at_once);

} // namespace lamina::plugin
