/// Training and evaluation steps under way on the device.
#pragma once

#include <chrono>
#include <deque>
#include <functional>

#include "lamina/executable.hpp"

namespace lamina {

/// While the device computes a step, the host prepares and submits the next ones; what steps give
/// (loss, metrics) is fetched a few steps at a time. Neither changes any value.
class StepQueue {
  public:
    using Named = std::map<std::string, Tensor>;
    /// Told of a step's outputs, in the order of the steps.
    using Ended = std::function<void(const Named&)>;

    /// one_by_one: each step has ended, and was told of, before push() returns.
    explicit StepQueue(bool one_by_one) : one_by_one_(one_by_one) {}
    /// Waits for what is under way, and tells nobody.
    ~StepQueue();
    StepQueue(const StepQueue&) = delete;
    StepQueue& operator=(const StepQueue&) = delete;

    void push(std::shared_ptr<Executable> step, const Named& inputs, Ended ended);
    /// Until no step is under way.
    void settle() { settle(0); }

  private:
    using Clock = std::chrono::steady_clock;
    struct Step {
        std::shared_ptr<Executable> executable;
        Ended ended;
    };

    void submit(Executable& step, const Named& inputs);
    /// Until at most so many are under way.
    void settle(size_t most);
    size_t depth() const;

    bool one_by_one_;
    size_t room_ = SIZE_MAX;  // steps whose inputs fit the device's memory
    std::deque<Step> steps_;  // the oldest first
    double step_seconds_ = 1; // of the last ones; until then, a slow device is assumed
    Clock::time_point settled_ = Clock::now();
};

} // namespace lamina
