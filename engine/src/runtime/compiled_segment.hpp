/// A segment of a graph in the form in which its device runs it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "lamina/executable.hpp"
#include "runtime/partition.hpp"

namespace lamina {

class CompiledSegment {
  public:
    /// Plans memory and builds. variables: of the segment's device; its arena is used.
    CompiledSegment(Segment segment, std::shared_ptr<VariableStore> variables);
    ~CompiledSegment();
    CompiledSegment(const CompiledSegment&) = delete;
    CompiledSegment& operator=(const CompiledSegment&) = delete;

    /// Lets an input lie where another segment of the same device leaves its output.
    void join(const std::string& name, const CompiledSegment& maker);
    /// Leaves an output on the device: read_outputs does not give it.
    void keep(const std::string& name) { kept_.insert(name); }

    /// Throws Error for an input that is missing or of another type.
    void write_inputs(const std::map<std::string, Tensor>& values);
    /// Runs to the end.
    void run();
    /// Runs to the end and appends each step's seconds.
    void profile(std::vector<double>& seconds);
    void read_outputs(std::map<std::string, Tensor>& values) const;

    Device& device() const { return *variables_->device(); }
    const MemoryPlan& plan() const { return plan_; }
    const std::vector<StepInfo>& steps() const { return steps_; }

  private:
    const lm_backend& table() const { return device().table(); }
    void build_program();
    void allocate();
    void write_constants();
    lm_buffer* const* bound();
    void tell_of_written_variables();
    void note_updates();
    size_t slot(SlotKind kind, const std::string& name) const;

    Segment segment_;
    std::shared_ptr<VariableStore> variables_;
    MemoryPlan plan_;
    std::vector<std::shared_ptr<Buffer>> buffers_; // by slot
    std::vector<lm_buffer*> raw_buffers_;
    std::vector<uint64_t> seen_; // by slot: the variable's version that the program has seen
    std::set<std::string> joined_, kept_;
    std::vector<StepInfo> steps_;
    lm_program* program_ = nullptr;
};

} // namespace lamina
