/// Models: build, train, evaluate, predict, save.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lamina/config.hpp"
#include "lamina/dataset.hpp"
#include "lamina/executable.hpp"
#include "lamina/history.hpp"
#include "lamina/monitoring.hpp"
#include "lamina/precision.hpp"
#include "lamina/weights.hpp"

namespace lamina {

struct Architecture;

/// What compile() fixes. Parts are given as NAME[:key=value,...]:
/// "sgd:learning_rate=0.01,momentum=0.9". An empty optimizer or loss stays what it is: what the
/// model's file says, else the default.
struct Training {
    std::string optimizer = "adam";
    std::string loss = "categorical_crossentropy";
    std::vector<std::string> metrics = {"accuracy"};
    std::string schedule = {}; // of the optimizer's learning rate: "cosine_decay:decay_steps=9380"
};

/// Hears of training as it goes. Whoever returns false stops it, cleanly: the batch is finished,
/// and a checkpoint written where one is asked for.
class LAMINA_API Callback {
  public:
    virtual ~Callback() = default;
    struct EpochBegin {
        int epoch; // from 0
        int64_t batches;
        int64_t samples; // that the epoch has seen already, where training is resumed within it
        int64_t total_samples;
    };
    struct BatchEvent {
        int epoch;     // from 0
        int64_t batch; // from 0
        int64_t batches;
        uint64_t step;       // steps made since the optimizer began, this one included
        int64_t samples;     // of this epoch so far
        double seconds;      // of this epoch so far, or since training was resumed within it
        const Values& means; // loss and metrics over the epoch so far
    };
    struct ValidationEvent {
        int epoch;       // from 0
        int64_t samples; // validated on so far
        int64_t total_samples;
        const Values& means; // loss and metrics over them
    };
    virtual bool train_begin(int /*first_epoch*/, int /*epochs*/) { return true; }
    virtual bool epoch_begin(const EpochBegin&) { return true; }
    virtual bool batch_end(const BatchEvent&) { return true; }
    /// Told of batches that have ended while later ones are computed.
    virtual void validation_batch_end(const ValidationEvent&) {}
    virtual bool epoch_end(const EpochRecord&) { return true; }
    virtual void train_end() {}
    /// Whether batch_end may be told of a batch while later ones are computed, so that the device
    /// need not wait for it. False: batch_end comes before the next batch starts.
    virtual bool may_lag() const { return false; }
    /// Who stopped and why, for messages, after something returned false.
    virtual std::string stop_reason() const { return "a callback"; }
};

/// A callback of a plugin: NAME[:key=value,...], "json_log:file=training.jsonl". Closed when
/// nothing holds it any more. Throws UsageError for a wrong setting, Error(NotFound) with the
/// nearest name.
LAMINA_API std::shared_ptr<Callback> open_callback(const std::string& spec);

struct FitOptions {
    int epochs = 1;
    int64_t batch_size = 128;
    double validation_split = 0; // the last fraction of the training samples, as in Keras's fit
    bool validate_on_test =
        false;               // on the data set's test split, instead of a part of the training
    int64_t train_limit = 0; // use only the first so many training samples; 0: all
    uint64_t seed = 1;
    bool shuffle = true;
    bool check_finite = false; // stop at the first NaN or infinity and name the layer
    int workers = 1;
    /// Of the training samples, anew in each epoch; its normalizations of those validated on too.
    std::shared_ptr<Augmenter> augmenter;
    std::vector<std::shared_ptr<Callback>> callbacks;

    std::string checkpoint_dir;    // "" for none: a checkpoint after every epoch
    double checkpoint_minutes = 0; // and every so many minutes; 0: not
    std::string
        interrupt_dir;  // where an interrupted run without checkpoint_dir leaves one; "": nowhere
    std::string resume; // a checkpoint, or the folder of one, to go on from

    std::string monitor;   // "": val_loss where there is one, else loss; of accuracies more is
                           // better, of all else less
    std::string save_best; // write the best model so far here; "": not
    std::optional<EarlyStopping> early_stopping;
    std::optional<ReduceOnPlateau> reduce_on_plateau;

    const volatile int* interrupted =
        nullptr; // when it becomes non-zero: finish the batch, write a checkpoint, return; a
                 // validation that it ends is done again by the run that goes on
};

struct FitResult {
    History history;
    bool interrupted = false;          // before its last epoch, by a signal or by a callback
    std::string stopped_by;            // the callback and its reason; "": none has stopped it
    std::string checkpoint;            // the last one written
    std::optional<int> restored_epoch; // whose weights the model has, where early stopping put them
                                       // back
    double waiting_share = 0;          // of the time, waiting for data
    uint64_t samples = 0;              // trained on
    double seconds = 0;                // in training steps, validation left out
};

/// What a model is worth on a split.
struct Evaluation {
    Values means; // loss and metrics, over the samples
    /// Metrics that are no number: confusion_matrix, f64 [classes, classes].
    std::vector<std::pair<std::string, Tensor>> tables;
};

/// Told of batches that have ended while later ones are computed: how many of all samples are done,
/// and loss and metrics over these. Stop by returning false.
using EvaluationProgress =
    std::function<bool(int64_t samples, int64_t total_samples, const Values& means)>;

struct LayerSummary {
    std::string name, class_name;
    std::vector<int64_t> output_shape; // -1: the batch
    int64_t parameters = 0, trainable_parameters = 0;
    std::vector<std::string> inputs;
    double flops = 0; // for one sample, forward
};

enum class Mode { Train, Evaluate, Predict };

/// What happens to an operator that the backend cannot run: an error, or another backend runs it
/// (openblas, else reference), and the log says where each part runs.
enum class Fallback { Refused, Allowed };

/// Throws UsageError when no format writes a model under this name, and Error when none can be
/// written there now: to be asked before hours of training, not after. Leaves what is there as it
/// is.
LAMINA_API void check_model_file(const std::string& path);

/// Writes tensors under their names, and texts as attributes, in the format that the extension
/// names; of what ships, .h5 and .hdf5 take tensors that are no model's.
LAMINA_API void save_tensors(const std::string& path,
                             const std::vector<std::pair<std::string, Tensor>>& tensors,
                             const std::map<std::string, std::string>& texts = {});

/// A network and its variables on a device.
class LAMINA_API Model {
  public:
    /// A sequential model, to be filled with add(). input_shape: of a sample, {28, 28, 1}.
    explicit Model(const std::vector<int64_t>& input_shape, const std::string& name = "sequential");
    /// A model of the zoo: NAME[:key=value,...], "lenet:input_shape=32x32x3". Keys of `config` that
    /// the text does not give are added to it.
    static Model zoo(const std::string& spec, const Config& config = {});
    /// A model file of any format; an architecture file takes its weights from `weights`.
    /// Throws Error that says what is wrong with the file.
    static Model load(const std::string& path, const std::string& weights = "",
                      const WeightOptions& options = {});
    ~Model();
    Model(Model&&) noexcept;
    Model& operator=(Model&&) noexcept;

    /// Adds a layer behind the last one, or behind the one output of a functional model, by Keras's
    /// class name and arguments.
    /// Throws UsageError for an unknown layer or a wrong setting; shapes that do not fit show here
    /// too.
    Model& add(const std::string& class_name, const Config& config = {});

    /// From now on these layers learn, and all others are frozen: no gradient, no update, no
    /// optimizer slot, and batch normalisation by its moving statistics. "all", "none", or a list
    /// of names and ranges with commas between: "fc1,fc2", "block5_conv1:" (that layer and all
    /// behind it), ":conv2d_4", "172:", "3:7" (by index, as Keras counts layers; the end is left
    /// out). What the optimizer knew is forgotten. Throws UsageError.
    void set_trainable(const std::string& layers);
    /// How pixels of data sets become the model's input, by name (preprocessing.hpp), instead of
    /// the data set's own scale. Throws UsageError.
    void set_preprocessing(const std::string& name);
    /// The classes are called as the data set calls them, where it has a name for each; fit() does
    /// this.
    void name_classes(const Dataset& data);

    /// Where the model computes: NAME[:key=value,...]. "openblas" unless said otherwise. Variables
    /// move along.
    void use(const std::string& backend, Fallback fallback = Fallback::Refused);
    /// Kernels by the plan that is kept for the device (tuning.hpp), from now on; a warning where
    /// there is none. By the cost model unless said otherwise.
    void set_tuned(bool tuned);
    /// nullptr when set_tuned() did not ask for it; opens the device.
    std::shared_ptr<const TunedPlan> tuned_plan();
    /// In what type values are stored between operators, from now on; variables stay float32.
    void set_precision(Precision precision);
    Precision precision() const;
    /// As in Keras, an optimizer begins anew: its slots and its count of steps are forgotten.
    void compile(const Training& training);
    /// Sets every variable that has no value yet; called by what needs it.
    void initialize(uint64_t seed);
    /// The same for the variables of one program, optimizer slots included.
    void initialize(uint64_t seed, const Executable& program);

    FitResult fit(const std::shared_ptr<Dataset>& data, const FitOptions& options);
    /// What the last fit() has recorded, and the run that it went on from; all that there is of a
    /// fit() that has ended with an error.
    const History& history() const;
    /// augmenter: its normalizations, the same as in training, are applied, and nothing else of it.
    /// Throws Error(Cancelled) when `progress` stops it.
    Evaluation evaluate(const std::shared_ptr<Dataset>& data, Split split, int64_t batch_size = 128,
                        const EvaluationProgress& progress = {},
                        const std::shared_ptr<Augmenter>& augmenter = nullptr);
    /// x: f32 [n, ...], as the model sees it. Returns the first output for all of it.
    Tensor predict(const Tensor& x, int64_t batch_size = 128);
    /// The same of samples as a data set has them [n, ...], which are scaled or preprocessed first.
    Tensor predict_samples(const Tensor& samples, const Dataset& data);
    /// The same of a model with several inputs, a tensor each; returns every output.
    std::vector<Tensor> predict(const std::vector<Tensor>& inputs, int64_t batch_size = 128);

    /// The model that ends in these layers' outputs, with the same weights; predict() of several
    /// inputs returns an output for each. Throws UsageError, with the nearest name, for a layer
    /// that is not there.
    Model up_to(const std::vector<std::string>& layers) const;

    /// The model that takes this layer's output as its input: what lies behind it, with the same
    /// weights. Throws UsageError where something behind it reads what lies before.
    Model behind(const std::string& layer) const;

    /// Takes the weights from a model or weights file, without optimizer slots. Throws Error that
    /// lists what does not fit, unless the options allow that; and where nothing fits.
    void load_weights(const std::string& path, const WeightOptions& options = {});
    /// What became of every tensor of the last file whose weights were taken, here or by load().
    const WeightReport& weight_report() const;
    /// Writes the whole model, or its weights or architecture alone, by the file's extension.
    void save(const std::string& path) const;
    std::string architecture_json() const;

    const std::string& name() const;
    std::vector<int64_t> input_shape() const;
    int64_t classes() const; // the last dimension of its output
    /// How pixels become what a net of the zoo was trained on (preprocessing.hpp); "" where it does
    /// not say.
    const std::string& preprocessing() const;
    /// The names of the classes: of the data that it was trained on, also long ago, or of its kind
    /// in the zoo; empty where it has no list of as many.
    std::vector<std::string> class_names() const;
    std::vector<LayerSummary> summary() const;
    Device& device();

    /// Variables by name ("conv2d/kernel"), in the layers' order. Slots are left out unless asked
    /// for.
    std::vector<std::string> variable_names(bool with_slots = false) const;
    Tensor variable(const std::string& name) const;
    void set_variable(const std::string& name, const Tensor& value);
    /// Over the bytes of all weights and statistics.
    std::string weights_sha256() const;

    /// What the device is given for a batch: for `lamina bench`, `summary` and tests.
    std::shared_ptr<Executable> executable(Mode mode, int64_t batch, DType sample = DType::F32,
                                           double scale = 1, double shift = 0);
    /// The optimised or unoptimised graph.
    Graph graph(Mode mode, int64_t batch, bool optimized = false);
    MemoryUse planned_memory(Mode mode, int64_t batch, DType sample = DType::U8);

    struct State;

  private:
    explicit Model(std::unique_ptr<State> state);
    /// A model of this one's layers, with their values.
    Model part(const Architecture& architecture) const;
    std::unique_ptr<State> state_;
};

} // namespace lamina
