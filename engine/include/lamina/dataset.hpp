/// Data sets and the batches drawn from them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lamina/augmentation.hpp"
#include "lamina/export.hpp"
#include "lamina/graph.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"

namespace lamina {

enum class Split { Train, Test };

/// A data set of a plugin, opened.
class LAMINA_API Dataset {
  public:
    /// spec: NAME[:key=value,...], "mnist". data_dir: "" to let the plugin look where it looks.
    /// Throws Error: no such data set, not found, damaged.
    static std::shared_ptr<Dataset> open(const std::string& spec, const std::string& data_dir = "");
    /// Samples [n, ...] that are in memory, with their classes i64 [n], of which there are
    /// `classes`. The model sees them as they are.
    struct InMemory {
        Tensor x, y;
    };
    static std::shared_ptr<Dataset> of(const std::string& name, InMemory train, InMemory test,
                                       int64_t classes);
    ~Dataset();
    Dataset(const Dataset&) = delete;
    Dataset& operator=(const Dataset&) = delete;

    const std::string& name() const { return name_; }
    const TensorType& sample() const { return sample_; } // [H, W, C]
    int64_t size(Split split) const { return split == Split::Train ? n_train_ : n_test_; }
    int64_t classes() const { return n_classes_; }
    const std::vector<std::string>& class_names() const { return class_names_; } // may be empty
    double scale() const { return scale_; }
    double shift() const { return shift_; }
    const std::string& source() const { return source_; }

    /// Copies one sample to `target` and returns its class. From any thread.
    int64_t read(Split split, int64_t index, void* target) const;
    /// The same as f32, whatever the data set's own type; neither scaled nor shifted.
    int64_t read_f32(Split split, int64_t index, float* target) const;

  private:
    Dataset() = default;

    Part part_;
    std::shared_ptr<const lm_config> config_; // lives until the data set is closed
    void* self_ = nullptr;
    std::string name_, source_;
    TensorType sample_;
    int64_t n_train_ = 0, n_test_ = 0, n_classes_ = 0;
    double scale_ = 1, shift_ = 0;
    std::vector<std::string> class_names_;
    InMemory train_, test_; // where there is no plugin
};

struct Batch {
    Tensor x; // [n, ...] of the data set's dtype; f32 when samples are augmented
    Tensor y; // i64 [n]
    int64_t size() const { return y.elements(); }
};

/// Prepares the batches of one epoch on threads of its own, ahead of whoever takes them, in order.
class LAMINA_API DataLoader {
  public:
    struct Options {
        Split split = Split::Train;
        int64_t batch_size = 128;
        int workers = 1;
        int ahead = 4;                              // batches ready at most
        std::shared_ptr<const Augmenter> augmenter; // fitted; null: samples stay as they are
        uint64_t seed = 0, epoch = 0;               // of its draws
    };

    /// indices: which samples, in this order. The last batch may be smaller.
    DataLoader(std::shared_ptr<const Dataset> data, std::vector<int64_t> indices,
               const Options& options);
    ~DataLoader();
    DataLoader(const DataLoader&) = delete;
    DataLoader& operator=(const DataLoader&) = delete;

    int64_t batches() const;
    /// False after the last batch. Throws what reading threw.
    bool next(Batch& batch);
    /// Seconds that next() has waited.
    double waited() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// 0 to n - 1 in the order of an epoch: a Fisher-Yates shuffle by Philox, the same everywhere.
LAMINA_API std::vector<int64_t> shuffled(std::vector<int64_t> indices, uint64_t seed,
                                         uint64_t epoch);

} // namespace lamina
