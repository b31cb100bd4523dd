/// Datasets: labelled samples, read by index.
///
///     class Spirals : public Dataset { ... };
///     static std::unique_ptr<Dataset> open_spirals(const Config&, const std::string& data_dir);
///     LAMINA_DATASET(spirals, R"({"turns": {"type": "int", "default": 3}})", "two spirals",
///                    open_spirals)
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lamina/plugin/config.hpp"

namespace lamina::plugin {

enum class Split { Train = LM_SPLIT_TRAIN, Test = LM_SPLIT_TEST };

struct DatasetInfo {
    lm_dtype dtype = LM_U8;
    std::vector<int64_t> dims; // of a sample: [H, W, C]
    uint64_t n_train = 0;
    uint64_t n_test = 0;
    std::vector<std::string> class_names;
    double scale = 1.0; // the model sees sample * scale + shift
    double shift = 0.0;
    std::string source; // where it was found, for the log
};

class Dataset {
  public:
    virtual ~Dataset() = default;

    /// Stays the same while the dataset lives.
    virtual const DatasetInfo& info() const = 0;
    /// Writes one sample of info().dims elements and returns its class. index is within the split.
    /// From any thread, and several at once.
    virtual int64_t read(Split split, uint64_t index, void* sample) const = 0;
};

namespace detail {

struct OpenDataset {
    std::unique_ptr<Dataset> dataset;
    std::vector<const char*> class_names;
};

using OpenDatasetFunction = std::unique_ptr<Dataset> (*)(const Config&, const std::string&);

template <OpenDatasetFunction Open>
lm_status dataset_open(const lm_host* host, const lm_config* config, const char* data_dir,
                       void** self, lm_error* error) noexcept {
    return guard(error, [&] {
        auto open = std::make_unique<OpenDataset>();
        open->dataset = Open(Config(host, config), data_dir);
        for (const std::string& name : open->dataset->info().class_names)
            open->class_names.push_back(name.c_str());
        *self = open.release();
    });
}

inline void dataset_close(void* self) noexcept { delete static_cast<OpenDataset*>(self); }

inline lm_status dataset_info(void* self, lm_dataset_info* out, lm_error* error) noexcept {
    return guard(error, [&] {
        const auto& open = *static_cast<const OpenDataset*>(self);
        const DatasetInfo& info = open.dataset->info();
        out->dtype = info.dtype;
        out->rank = static_cast<int32_t>(info.dims.size());
        out->dims = info.dims.data();
        out->n_train = info.n_train;
        out->n_test = info.n_test;
        out->n_classes = open.class_names.size();
        out->class_names = open.class_names.data();
        out->scale = info.scale;
        out->shift = info.shift;
        out->source = info.source.c_str();
    });
}

inline lm_status dataset_read(void* self, int32_t split, uint64_t index, void* sample,
                              int64_t* label, lm_error* error) noexcept {
    return guard(error, [&] {
        const Dataset& dataset = *static_cast<const OpenDataset*>(self)->dataset;
        const DatasetInfo& info = dataset.info();
        const uint64_t count = split == LM_SPLIT_TRAIN ? info.n_train : info.n_test;
        if (index >= count)
            invalid("sample " + std::to_string(index) + " is beyond the " + std::to_string(count) +
                    " there are");
        *label = dataset.read(static_cast<Split>(split), index, sample);
    });
}

} // namespace detail

template <detail::OpenDatasetFunction Open>
constexpr lm_dataset dataset(const char* schema, const char* doc) {
    return {sizeof(lm_dataset),
            schema,
            doc,
            &detail::dataset_open<Open>,
            &detail::dataset_close,
            &detail::dataset_info,
            &detail::dataset_read};
}

} // namespace lamina::plugin

/// name: an identifier. schema: JSON, see plugins/README.md.
#define LAMINA_DATASET(name, schema, doc, open)                                                    \
    static constexpr lm_dataset LAMINA_CONCAT(lamina_dataset_, name) =                             \
        ::lamina::plugin::dataset<&open>(schema, doc);                                             \
    LAMINA_REGISTER(name, "dataset", #name, &LAMINA_CONCAT(lamina_dataset_, name))
