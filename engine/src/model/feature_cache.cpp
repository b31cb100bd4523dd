#include "lamina/feature_cache.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <span>

#include <fmt/format.h>

#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/sha256.hpp"

namespace lamina {

namespace fs = std::filesystem;

namespace {

constexpr std::array kSplits{Split::Train, Split::Test};

/// Depends on all that the features depend on: weights, preprocessing, samples.
std::string key_of(const Model& base, const Dataset& data) {
    Sha256 hash;
    const auto add = [&](const std::string& text) { hash.update(std::as_bytes(std::span(text))); };
    add(base.weights_sha256() + base.architecture_json() + base.preprocessing() +
        fmt::format("{} {}", data.scale(), data.shift()));
    std::vector<std::byte> sample(static_cast<size_t>(data.sample().bytes()));
    for (const Split split : kSplits)
        for (int64_t i = 0; i < data.size(split); ++i) {
            add(std::to_string(data.read(split, i, sample.data())));
            hash.update(sample);
        }
    return hash.hex().substr(0, 32);
}

Dataset::InMemory empty(const Shape& sample, int64_t n) {
    std::vector<int64_t> dims(sample.begin(), sample.end());
    dims.insert(dims.begin(), n);
    return {Tensor::uninitialized(DType::F32, Shape(dims)), Tensor::uninitialized(DType::I64, {n})};
}

/// The bytes of both splits' features and classes, one after the other.
std::array<Tensor*, 4> pieces(Dataset::InMemory& train, Dataset::InMemory& test) {
    return {&train.x, &train.y, &test.x, &test.y};
}

bool read_from(const fs::path& file, Dataset::InMemory& train, Dataset::InMemory& test) {
    std::error_code missing;
    size_t bytes = 0;
    for (const Tensor* t : pieces(train, test))
        bytes += t->bytes();
    if (fs::file_size(file, missing) != bytes || missing)
        return false;
    const Bytes content = read_file(file);
    if (content.size() != bytes)
        return false;
    auto rest = std::as_bytes(std::span(content));
    for (Tensor* t : pieces(train, test)) {
        std::ranges::copy(rest.first(t->bytes()), t->raw());
        rest = rest.subspan(t->bytes());
    }
    return true;
}

void write_to(const fs::path& file, Dataset::InMemory& train, Dataset::InMemory& test) {
    fs::create_directories(file.parent_path());
    AtomicFile out(file);
    for (const Tensor* t : pieces(train, test))
        out.write(t->raw_bytes());
    out.commit();
}

} // namespace

std::shared_ptr<Dataset> features_of(Model& base, const std::shared_ptr<Dataset>& data,
                                     int64_t batch_size, const fs::path& folder,
                                     const std::function<bool(int64_t, int64_t)>& progress) {
    const std::vector<LayerSummary> layers = base.summary();
    const std::vector<int64_t>& output = layers.back().output_shape;
    const Shape sample(std::vector<int64_t>(output.begin() + 1, output.end()));
    Dataset::InMemory train = empty(sample, data->size(Split::Train)),
                      test = empty(sample, data->size(Split::Test));
    const fs::path file =
        folder.empty() ? fs::path() : folder / (key_of(base, *data) + ".features");
    const auto done = [&] {
        return Dataset::of(data->name(), std::move(train), std::move(test), data->classes());
    };
    if (!file.empty() && read_from(file, train, test))
        return done();

    const int64_t all = data->size(Split::Train) + data->size(Split::Test);
    int64_t before = 0;
    for (const Split split : kSplits) {
        Dataset::InMemory& target = split == Split::Train ? train : test;
        std::vector<int64_t> indices(static_cast<size_t>(data->size(split)));
        std::iota(indices.begin(), indices.end(), int64_t{0});
        DataLoader::Options loading;
        loading.split = split;
        loading.batch_size = batch_size;
        DataLoader loader(data, indices, loading);
        Batch batch;
        for (int64_t at = 0; loader.next(batch); at += batch.size()) {
            const Tensor y = base.predict_samples(batch.x, *data);
            Tensor rows = target.x.rows(at, at + batch.size());
            std::copy(y.raw_bytes().begin(), y.raw_bytes().end(), rows.raw_bytes().begin());
            std::ranges::copy(batch.y.data<int64_t>(),
                              target.y.data<int64_t>().begin() + static_cast<ptrdiff_t>(at));
            before += batch.size();
            if (progress && !progress(before, all))
                throw Error(
                    StatusCode::Cancelled,
                    fmt::format("the features were stopped after {} of {} samples", before, all));
        }
    }
    if (!file.empty())
        write_to(file, train, test);
    return done();
}

} // namespace lamina
