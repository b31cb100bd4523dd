/// A segment of a graph in the form in which its device runs it.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lamina/executable.hpp"
#include "runtime/partition.hpp"

namespace lamina {

class CompiledSegment {
  public:
    /// Plans memory and builds. variables: of the segment's device; its arena is used.
    CompiledSegment(Segment segment, std::shared_ptr<VariableStore> variables);
    CompiledSegment(const CompiledSegment&) = delete;
    CompiledSegment& operator=(const CompiledSegment&) = delete;

    /// Lets an input lie where another segment of the same device leaves its output.
    void join(const std::string& name, const CompiledSegment& maker);
    /// Leaves an output on the device: read_outputs does not give it.
    void keep(const std::string& name);

    /// Whether a variable that it reads was written since it ran, or it never ran.
    bool is_stale() const;
    /// Starts a run behind those that were started before. Throws Error for an input that is
    /// missing or of another type.
    void start(const std::map<std::string, Tensor>& inputs);
    /// Waits for the oldest run and adds its outputs to `values`.
    void finish(std::map<std::string, Tensor>& values);
    size_t under_way() const { return under_way_.size(); }
    /// Whether the oldest run is known to have ended.
    bool oldest_ended() const { return !under_way_.empty() && under_way_.front().token == 0; }
    /// Gives back the inputs and outputs of ended runs, but for one run's.
    void release_spare();
    /// Runs to the end, adds the outputs to `values` and appends each step's seconds.
    void profile(std::map<std::string, Tensor>& values, std::vector<double>& seconds);

    Device& device() const { return *variables_->device(); }
    const MemoryPlan& plan() const { return plan_; }
    const std::vector<StepInfo>& steps() const { return steps_; }

  private:
    /// One run's inputs and outputs. Runs under way at the same time have buffers of their own.
    struct Run {
        std::vector<std::shared_ptr<Buffer>> own; // by slot; null where all runs share
        std::vector<lm_buffer*> bound;            // by slot
        std::vector<Tensor> held;                 // inputs that the device may still be reading
        lm_token token = 0;
    };

    /// What the host writes before a run or reads after it. All that a step needs of it lies side
    /// by side: between two steps little of the host's memory is in its caches.
    struct HostSlot {
        size_t slot;
        std::string name;
        TensorType type;
    };

    const lm_backend& table() const { return device().table(); }
    void build_program();
    void allocate_shared();
    void write_constants();
    Run make_run() const;
    Run& next_run();
    /// Calls use with the next run's buffers, its inputs written; gives them back if that fails.
    template <class Use>
    void with_next_run(const std::map<std::string, Tensor>& inputs, const Use& use);
    void give_back(std::list<Run>::iterator run);
    lm_token write_inputs(Run& run, const std::map<std::string, Tensor>& inputs) const;
    void read_outputs(const Run& run, std::map<std::string, Tensor>& values) const;
    void tell_of_written_variables();
    void note_updates(const Run& run);
    size_t slot(SlotKind kind, const std::string& name) const;

    Segment segment_;
    std::shared_ptr<VariableStore> variables_;
    MemoryPlan plan_;
    // By slot: variables, constants and what other segments leave here; null for the rest.
    std::vector<std::shared_ptr<Buffer>> shared_;
    std::list<Run> spare_, under_way_; // the oldest first
    std::vector<HostSlot> inputs_, outputs_;
    std::vector<size_t> updated_; // slots of variables that a run writes
    bool ran_ = false;
    std::vector<uint64_t> seen_; // by slot: the variable's version that the program has seen
    std::vector<StepInfo> steps_;
    std::unique_ptr<lm_program, void (*)(lm_program*)> program_;
};

} // namespace lamina
