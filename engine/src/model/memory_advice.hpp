/// What to do when a step does not fit the device's memory.
#pragma once

#include <functional>

#include "model/model_state.hpp"

namespace lamina {

/// Calls make. An out-of-memory error of it goes on with two lines: what each kind of memory takes
/// for such a batch, and the largest batch that fits. They are found by planning alone; the device
/// is asked for its free memory only.
void with_memory_advice(Model::State& state, Mode mode, int64_t batch, const SampleFormat& format,
                        const std::function<void()>& make);

} // namespace lamina
