/// Runs one node on a backend, through nothing but its lm_backend table.
#pragma once

#include <memory>

#include "lamina/device.hpp"
#include "lamina/graph.hpp"
#include "lamina/plugin/owned_node.hpp"

namespace lamina::conformance {

struct Candidate {
    std::string name;
    std::string numerics;
    uint64_t workspace = 0;
    uint64_t in_place = 0;
};

/// What came of a run. fault: what the kernel did besides computing, "" for nothing.
struct Outcome {
    std::vector<Tensor> outputs;
    std::string fault;
};

class SingleNode {
  public:
    /// Throws ShapeError when the operator's shape rule refuses the inputs.
    SingleNode(std::shared_ptr<Device> device, const std::string& op,
               const std::vector<Tensor>& inputs, const Attributes& attrs);

    const std::vector<TensorType>& outputs() const { return outputs_; }

    /// Best first. Throws Error(Unsupported) with the backend's reason.
    std::vector<Candidate> candidates() const;

    /// Runs the candidate in memory of which every byte is known: outputs and workspace begin as
    /// NaN, and guards lie between the operands. in_place: the input whose memory output 0 takes,
    /// or -1.
    Outcome run(const Candidate& candidate, const std::vector<Tensor>& inputs,
                int in_place = -1) const;

    /// The least seconds of several runs, as the backend's own profile gives them.
    double time(const Candidate& candidate, const std::vector<Tensor>& inputs) const;

  private:
    struct Prepared;
    Prepared prepare(const Candidate& candidate, const std::vector<Tensor>& inputs,
                     int in_place) const;

    std::shared_ptr<Device> device_;
    std::unique_ptr<plugin::OwnedNode> node_;
    std::vector<TensorType> outputs_;
};

} // namespace lamina::conformance
