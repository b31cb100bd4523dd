/// y = -(x * x), two steps, made through the table alone: what the contract's tests run.
#pragma once

#include <memory>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/plugin/owned_node.hpp"

namespace lamina::conformance {

class SmallProgram {
  public:
    static constexpr int64_t elements = 1021;
    static constexpr uint64_t bytes = elements * sizeof(float);

    /// Throws Error: Unsupported when the backend lacks an operator. The description that the
    /// backend is given dies, overwritten, before this returns.
    explicit SmallProgram(std::shared_ptr<Device> device);
    ~SmallProgram();
    SmallProgram(const SmallProgram&) = delete;
    SmallProgram& operator=(const SmallProgram&) = delete;

    /// Starts it behind `wait`; the token that passes when it is done.
    lm_token submit(const Buffer& x, const Buffer& y, lm_token wait) const;
    /// The seconds of both steps.
    std::vector<double> profile(const Buffer& x, const Buffer& y) const;

    /// x and what y must be, for the n-th input; whole numbers, so that any kernel is exact.
    static std::vector<float> x(int n);
    static std::vector<float> y(int n);

  private:
    std::vector<lm_buffer*> bind(const Buffer& x, const Buffer& y) const;

    std::shared_ptr<Device> device_;
    std::shared_ptr<Buffer> arena_;
    lm_program* program_ = nullptr;
};

} // namespace lamina::conformance
