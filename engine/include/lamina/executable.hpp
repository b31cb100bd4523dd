/// A graph compiled for a device, ready to be run again and again.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/graph.hpp"
#include "lamina/tuning.hpp"

namespace lamina {

/// The variables of a model on a device, by name; graphs compiled against the same store share
/// them.
class LAMINA_API VariableStore {
  public:
    explicit VariableStore(std::shared_ptr<Device> device) : device_(std::move(device)) {}

    const std::shared_ptr<Device>& device() const { return device_; }
    bool has(const std::string& name) const { return entries_.contains(name); }
    /// Makes room for the variable unless it is there. Throws ShapeError when it is there with
    /// another type.
    std::shared_ptr<Buffer> require(const std::string& name, const TensorType& type);
    /// Throw Error(NotFound) for an unknown name, ShapeError for another type.
    Tensor read(const std::string& name) const;
    void write(const std::string& name, const Tensor& value);
    const TensorType& type(const std::string& name) const;
    std::vector<std::string> names() const;

    /// Scratch that all programs of the store share: at least so many bytes. Grows when asked for
    /// more.
    std::shared_ptr<Buffer> arena(uint64_t bytes);
    /// Of all variables and the arena.
    uint64_t bytes() const;

  private:
    struct Entry {
        TensorType type;
        std::shared_ptr<Buffer> buffer;
    };
    const Entry& entry(const std::string& name) const;

    std::shared_ptr<Device> device_;
    std::map<std::string, Entry> entries_;
    std::shared_ptr<Buffer> arena_;
};

/// Planned memory by kind, in bytes.
struct MemoryUse {
    uint64_t weights = 0, optimizer_slots = 0, gradients = 0, activations = 0, workspace = 0,
             constants = 0, inputs = 0;
    uint64_t total() const {
        return weights + optimizer_slots + gradients + activations + workspace + constants + inputs;
    }
};

/// One step of a compiled graph.
struct StepInfo {
    std::string op, name, layer, candidate;
    double flops = 0, bytes = 0;
    std::string backend;
    bool tuned = false; // the kernel was chosen by a plan
};

struct CompileOptions {
    bool optimize = true; // run the passes that rewrite the graph
    /// What the variables' device cannot run, the first of these that can runs.
    std::vector<std::shared_ptr<Device>> fallbacks = {};
    /// Kernels of the variables' device, where it knows the operator; those that the device's spec
    /// forces come first.
    std::shared_ptr<const TunedPlan> plan = nullptr;
};

/// A run of operators on one device.
struct ProgramPart {
    std::string backend;
    struct Operator {
        std::string op, name;
        std::string reason; // why the devices before refused it
    };
    std::vector<Operator> operators;
};

class LAMINA_API Executable {
  public:
    /// Optimises, selects kernels, plans memory and builds. Throws Error that names the operator,
    /// the layer, the backend and the reason when no device that may run it can.
    Executable(Graph graph, std::shared_ptr<VariableStore> variables,
               const CompileOptions& options = {});
    ~Executable();
    Executable(const Executable&) = delete;
    Executable& operator=(const Executable&) = delete;

    /// Runs once. inputs: every input of the graph by name, of its type. Updates variables; returns
    /// the outputs by name. Throws Error for a missing input or a wrong type.
    std::map<std::string, Tensor> run(const std::map<std::string, Tensor>& inputs);

    // The same in two halves, so that the device computes while the host prepares what comes next.
    // Runs of all programs on a device end in the order in which they were started. Each run under
    // way has inputs and outputs of its own on the device.

    /// Starts a run, and returns before it ends where the device can.
    void submit(const std::map<std::string, Tensor>& inputs);
    /// The outputs of the oldest run that was submitted and not collected, when it has ended.
    std::map<std::string, Tensor> collect();
    /// Whether that run is known to have ended, so that collect() does not wait.
    bool oldest_ended() const;
    /// Gives back the inputs and outputs of ended runs, but for one run's.
    void release_spare();

    const Graph& graph() const;
    MemoryUse memory() const;
    std::vector<StepInfo> steps() const;
    /// Where each part runs, in order; one part when no fallback was needed.
    const std::vector<ProgramPart>& parts() const;
    /// Runs once and gives the seconds of each of steps().
    std::vector<double> profile(const std::map<std::string, Tensor>& inputs);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The devices of the backends that --allow-fallback names: openblas, then reference. Without
/// `backend`, which asks.
LAMINA_API std::vector<std::shared_ptr<Device>> open_fallbacks(const std::string& backend);

/// Plans without a program: what `lamina summary --memory` prints.
LAMINA_API MemoryUse plan_only(Graph graph, Device& device, const CompileOptions& options = {});

} // namespace lamina
