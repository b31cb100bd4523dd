#include "model/evaluation.hpp"

#include <numeric>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "model/step_queue.hpp"

namespace lamina {

double scalar(const Tensor& t) { return static_cast<double>(t.cast(DType::F32).item<float>()); }

static void add_to(Tensor& sum, const Tensor& counts) {
    const Tensor more = counts.cast(DType::F64);
    for (size_t i = 0; i < sum.data<double>().size(); ++i)
        sum.data<double>()[i] += more.data<double>()[i];
}

void RunningMeans::add(const std::map<std::string, Tensor>& outputs,
                       const std::vector<MetricOutput>& metrics, double n) {
    if (samples == 0) {
        sums.emplace_back("loss", 0.0);
        for (const MetricOutput& m : metrics)
            if (m.mean)
                sums.emplace_back(m.name, 0.0);
            else
                tables.emplace_back(m.name, Tensor::zeros(DType::F64, outputs.at(m.name).shape()));
    }
    samples += n;
    for (auto& [name, sum] : sums)
        sum += n * scalar(outputs.at(name));
    for (auto& [name, sum] : tables)
        add_to(sum, outputs.at(name));
}

Values RunningMeans::means() const {
    Values out;
    for (const auto& [name, sum] : sums)
        out.emplace_back(name, sum / samples);
    return out;
}

SampleFormat sample_format(const Dataset& data, const Augmenter* augmenter) {
    if (augmenter != nullptr && augmenter->normalizes())
        return {DType::F32, 1, 0, false};
    const DType dtype = data.sample().dtype;
    return {augmenter == nullptr ? dtype : DType::F32, data.scale(), data.shift(),
            dtype == DType::U8};
}

std::optional<Evaluation> evaluate_samples(Model::State& state, const EvaluatedSamples& samples,
                                           int64_t batch_size, const EvaluationProgress& progress) {
    DataLoader::Options loading;
    loading.split = samples.split;
    loading.batch_size = batch_size;
    loading.augmenter = samples.augmenter;
    DataLoader loader(samples.data, samples.indices, loading);
    const SampleFormat format = sample_format(*samples.data, samples.augmenter.get());
    const auto total = static_cast<int64_t>(samples.indices.size());
    RunningMeans running;
    bool goes_on = true;
    StepQueue steps(false);
    Batch batch;
    while (goes_on && loader.next(batch)) {
        if (batch.size() != batch_size)
            steps.settle(); // another program, which may need the memory of the runs under way
        const CompiledStep step = state.compiled(Mode::Evaluate, batch.size(), format);
        state.initialize(step.executable->graph(), 1);
        const auto n = static_cast<double>(batch.size());
        steps.push(step.executable, {{"x", batch.x}, {"y", batch.y}},
                   [&, n, metrics = step.metrics](const auto& outputs) {
                       running.add(outputs, metrics, n);
                       goes_on = progress(static_cast<int64_t>(running.samples), total,
                                          running.means()) &&
                                 goes_on;
                   });
    }
    steps.settle();
    if (static_cast<int64_t>(running.samples) < total)
        return std::nullopt;
    return Evaluation{running.means(), std::move(running.tables)};
}

void expect_fitting(const Model& model, const Dataset& data) {
    if (const auto wanted = model.input_shape(); Shape(wanted) != data.sample().shape)
        throw ShapeError(fmt::format(
            "model {} takes samples {}, data set {} has {}\n  hint: a model of the zoo can be "
            "built "
            "for another size, as lenet:input_shape=32x32x3; pictures in folders can be scaled, as "
            "image_folder:height=28,width=28,channels=1",
            model.name(), Shape(wanted).to_string(), data.name(), data.sample().shape.to_string()));
    if (data.classes() > 0 && model.classes() > 1 && data.classes() > model.classes())
        throw ShapeError(fmt::format("model {} tells {} classes apart, data set {} has {}",
                                     model.name(), model.classes(), data.name(), data.classes()));
}

Evaluation Model::evaluate(const std::shared_ptr<Dataset>& data, Split split, int64_t batch_size,
                           const EvaluationProgress& progress,
                           const std::shared_ptr<Augmenter>& augmenter) {
    expect_fitting(*this, *data);
    if (data->size(split) == 0)
        throw UsageError(fmt::format("data set {} has no {} samples", data->name(),
                                     split == Split::Test ? "test" : "training"));
    int64_t done = 0;
    const auto tell = [&](int64_t samples, int64_t total, const Values& means) {
        done = samples;
        return !progress || progress(samples, total, means);
    };
    EvaluatedSamples samples{data, split, {}, nullptr};
    samples.indices.resize(static_cast<size_t>(data->size(split)));
    std::iota(samples.indices.begin(), samples.indices.end(), 0);
    if (augmenter) {
        augmenter->fit(*data);
        samples.augmenter = augmenter->normalizations();
    }
    auto evaluation = evaluate_samples(*state_, samples, batch_size, tell);
    if (!evaluation)
        fail(StatusCode::Cancelled, fmt::format("the evaluation was stopped after {} of {} samples",
                                                done, data->size(split)));
    return std::move(*evaluation);
}

} // namespace lamina
