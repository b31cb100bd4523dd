#include "model/step_queue.hpp"

#include <algorithm>

#include "lamina/error.hpp"

namespace lamina {

namespace {

// Steps under way at most. Where one takes long, a second keeps the device busy, and more would
// only delay the progress bar and Ctrl-C; short ones must outlast a moment in which the host is
// not scheduled.
constexpr size_t kLongSteps = 2, kShortSteps = 8;
constexpr double kShortStep = 0.01; // seconds

} // namespace

size_t StepQueue::depth() const {
    return std::min(room_, step_seconds_ < kShortStep ? kShortSteps : kLongSteps);
}

StepQueue::~StepQueue() {
    for (const Step& step : steps_) {
        try {
            step.executable->collect();
        } catch (const Error&) {
            // Whoever destroys the queue early has an error of his own to tell of.
        }
    }
}

void StepQueue::push(std::shared_ptr<Executable> step, const Named& inputs, Ended ended) {
    submit(*step, inputs);
    steps_.push_back({std::move(step), std::move(ended)});
    if (one_by_one_)
        settle(0);
    else if (steps_.size() >= depth())
        settle(depth() / 2);
    while (!steps_.empty() && steps_.front().executable->oldest_ended())
        settle(steps_.size() - 1);
}

/// Each step under way has inputs of its own on the device; where they are too many for its
/// memory, fewer steps are.
void StepQueue::submit(Executable& step, const Named& inputs) {
    try {
        step.submit(inputs);
    } catch (const Error& e) {
        if (e.code() != StatusCode::OutOfMemory || steps_.empty())
            throw;
        room_ = steps_.size();
        settle(0);
        step.submit(inputs);
    }
}

void StepQueue::settle(size_t most) {
    size_t count = 0;
    while (steps_.size() > most) {
        const Step step = std::move(steps_.front());
        steps_.pop_front();
        step.ended(step.executable->collect());
        ++count;
    }
    if (count == 0)
        return;
    const Clock::time_point now = Clock::now();
    step_seconds_ =
        std::chrono::duration<double>(now - settled_).count() / static_cast<double>(count);
    settled_ = now;
}

} // namespace lamina
