#include "lamina/dataset.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "lamina/error.hpp"
#include "lamina/paths.hpp"
#include "lamina/plugin/philox.hpp"
#include "lamina/text.hpp"
#include "plugins/host.hpp"
#include "plugins/option_text.hpp"
#include "plugins/schema.hpp"

namespace lamina {

std::shared_ptr<Dataset> Dataset::open(const std::string& text, const std::string& data_dir) {
    const PartOptions spec = parse_part_options(text, "--data");
    std::shared_ptr<Dataset> data(new Dataset());
    data->name_ = spec.name;
    data->part_ = Registry::global().find("dataset", spec.name);
    const auto& table = data->part_.as<lm_dataset>();
    data->config_ = std::make_shared<const lm_config>(
        apply_schema(spec.options, table.schema, "--data " + spec.name));
    // A shell leaves the tilde of --data-dir=~/digits to the program.
    call(table.open, host_table(), data->config_.get(), expand_home(data_dir).c_str(),
         &data->self_);
    lm_dataset_info info{};
    info.struct_size = sizeof info;
    call(table.info, data->self_, &info);
    data->sample_ = from_plugin(info.dtype, info.rank, info.dims);
    data->n_train_ = static_cast<int64_t>(info.n_train);
    data->n_test_ = static_cast<int64_t>(info.n_test);
    data->n_classes_ = static_cast<int64_t>(info.n_classes);
    data->scale_ = info.scale;
    data->shift_ = info.shift;
    data->source_ = info.source == nullptr ? "" : info.source;
    if (info.class_names != nullptr)
        data->class_names_.assign(info.class_names, info.class_names + info.n_classes);
    return data;
}

std::shared_ptr<Dataset> Dataset::of(const std::string& name, InMemory train, InMemory test,
                                     int64_t classes) {
    for (const InMemory* part : {&train, &test})
        if (part->x.shape().rank() == 0 || part->y.dtype() != DType::I64 ||
            part->y.shape() != Shape{part->x.shape().front()})
            throw ShapeError(fmt::format("data set {}: expected samples [n, ...] and i64 classes "
                                         "[n], got {} and {}",
                                         name, part->x.shape().to_string(),
                                         part->y.shape().to_string()));
    std::shared_ptr<Dataset> data(new Dataset());
    data->name_ = name;
    data->source_ = "in memory";
    const auto dims = train.x.shape().dims();
    data->sample_ = {train.x.dtype(), Shape(std::vector<int64_t>(dims.begin() + 1, dims.end()))};
    data->n_train_ = train.y.elements();
    data->n_test_ = test.y.elements();
    data->n_classes_ = classes;
    data->train_ = std::move(train);
    data->test_ = std::move(test);
    return data;
}

Dataset::~Dataset() {
    if (self_ != nullptr)
        part_.as<lm_dataset>().close(self_);
}

int64_t Dataset::read(Split split, int64_t index, void* target) const {
    if (self_ == nullptr) {
        const InMemory& part = split == Split::Train ? train_ : test_;
        const Tensor row = part.x.rows(index, index + 1);
        std::copy(row.raw_bytes().begin(), row.raw_bytes().end(), static_cast<std::byte*>(target));
        return part.y.data<int64_t>()[static_cast<size_t>(index)];
    }
    int64_t label = 0;
    call(part_.as<lm_dataset>().read, self_, split == Split::Train ? LM_SPLIT_TRAIN : LM_SPLIT_TEST,
         static_cast<uint64_t>(index), target, &label);
    return label;
}

int64_t Dataset::read_f32(Split split, int64_t index, float* target) const {
    if (sample_.dtype == DType::F32)
        return read(split, index, target);
    if (sample_.dtype == DType::U8) { // as it nearly always is
        thread_local std::vector<uint8_t> bytes;
        bytes.resize(static_cast<size_t>(sample_.shape.elements()));
        const int64_t label = read(split, index, bytes.data());
        std::copy(bytes.begin(), bytes.end(), target);
        return label;
    }
    Tensor sample = Tensor::uninitialized(sample_.dtype, sample_.shape);
    const int64_t label = read(split, index, sample.raw());
    const Tensor values = sample.cast(DType::F32);
    std::copy(values.data<float>().begin(), values.data<float>().end(), target);
    return label;
}

std::vector<int64_t> shuffled(std::vector<int64_t> indices, uint64_t seed, uint64_t epoch) {
    const PhiloxKey key = philox_key(seed, std::string_view("shuffle"));
    for (size_t i = indices.size(); i > 1; --i) {
        // 64 bits against the bias of a remainder.
        const auto block = philox4x32(philox_counter(4 * i, 0, epoch), key);
        const uint64_t bits = uint64_t{block[1]} << 32 | block[0];
        std::swap(indices[i - 1], indices[bits % i]);
    }
    return indices;
}

} // namespace lamina
