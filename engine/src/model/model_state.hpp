/// What a Model is made of.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "lamina/model.hpp"
#include "model/step_graph.hpp"
#include "model/store.hpp"

namespace lamina {

/// A graph compiled for one mode, batch size and sample format.
struct CompiledStep {
    std::shared_ptr<Executable> executable;
    std::vector<MetricOutput> metrics;
};

struct Model::State {
    Architecture architecture;
    TrainingConfig training;
    std::string backend = "openblas";
    Fallback fallback = Fallback::Refused;
    bool tuned = false;
    Precision precision = Precision::Float32;
    std::shared_ptr<VariableStore> store;  // made when first needed
    std::map<std::string, Tensor> waiting; // values for variables that are not on the device yet
    History history;                       // of the last training
    uint64_t iterations = 0;               // steps taken
    std::optional<double> learning_rate;   // what callbacks have set
    double stated_learning_rate = 0.001;   // what the optimizer's configuration says
    WeightReport weight_report;            // of the last file whose weights were taken

    VariableStore& variables();
    /// The device's, if one is asked for.
    std::shared_ptr<const TunedPlan> tuned_plan();
    StepGraph build(Mode mode, int64_t batch, const SampleFormat& format) const;
    /// Compiled once for each mode, batch and format, as long as it is among the last few used;
    /// makes the variables' memory, not their values.
    CompiledStep compiled(Mode mode, int64_t batch, const SampleFormat& format);
    /// What programs of this model are compiled with.
    CompileOptions compile_options();
    /// Gives every variable of the graph that has none a value: a waiting one, or its
    /// initializer's.
    void initialize(const Graph& graph, uint64_t seed);
    /// All weights and statistics in the order of the layers; the net is traced when first asked.
    const std::vector<Variable>& model_variables() const;
    /// After every change of the architecture or of what it is trained with.
    void forget_programs() {
        programs_.clear();
        model_variables_.reset();
    }
    /// A value for a variable that takes it when a graph first names it.
    void set_waiting(const std::string& name, const Tensor& value);
    /// The optimizer slots that have values.
    std::vector<std::string> slot_names() const;
    /// The loss scale's variables where they have values, else none.
    std::vector<std::string> loss_scale_names() const;
    /// Of the steps taken, those that changed the weights.
    uint64_t applied_iterations() const;
    /// Slots, steps taken and learning rate: the next training begins with a new optimizer.
    void forget_optimizer();

    bool has_value(const std::string& name) const;
    Tensor value_of(const std::string& name) const;
    /// Slots that came from a file and that this model's optimizer does not have.
    void drop_waiting_slots();

  private:
    void tell_where_it_runs(const Executable& program);

    using Key = std::tuple<Mode, int64_t, SampleFormat>;
    std::shared_ptr<const TunedPlan> plan_; // of the store's device; read when first needed
    std::list<std::pair<Key, CompiledStep>> programs_; // the last used first
    std::set<std::string> told_;                       // where programs run, as said in the log
    std::map<std::string, bool> has_value_;
    mutable std::optional<std::vector<Variable>> model_variables_;

    friend class Model;
};

/// What a file says of loss and optimizer; what is not known here is left as it is by default, and
/// a warning says so. Returns whether the optimizer's state is one that can be taken.
bool read_training_config(Model::State& state, const lm_store& store, const std::string& source);

/// The file's contents from a model: architecture, training configuration, variables, and the
/// optimizer's slots if asked for. for_keras_3: what only Keras 3 reads, so that the optimizer is
/// written as that has it.
lm_store to_store(const Model::State& state, bool with_optimizer, bool for_keras_3 = false);

/// Gives the model's variables the file's values, and the optimizer's slots if asked for. Throws
/// Error that lists what is missing, extra or of another shape.
void load_variables(Model::State& state, const lm_store& store, const std::string& source,
                    bool with_optimizer, const WeightOptions& options = {});

} // namespace lamina
