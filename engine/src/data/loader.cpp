#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

#include "base/start_thread.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"

namespace lamina {

struct DataLoader::State {
    std::shared_ptr<const Dataset> data;
    std::vector<int64_t> indices;
    Options options;

    std::mutex mutex;
    std::condition_variable ready, room;
    std::vector<Batch> ring;     // batch k lies at k % ahead
    std::vector<int64_t> filled; // which batch lies there, -1 for none
    int64_t next_to_make = 0, next_to_take = 0;
    bool stop = false;
    std::exception_ptr failure;
    double waited = 0;
    std::vector<std::jthread> threads;

    ~State() {
        {
            const std::lock_guard lock(mutex);
            stop = true;
        }
        room.notify_all();
        threads.clear(); // joins them
    }

    int64_t batches() const {
        return (static_cast<int64_t>(indices.size()) + options.batch_size - 1) / options.batch_size;
    }

    Batch make(int64_t k) const {
        const int64_t begin = k * options.batch_size;
        const int64_t end =
            std::min(begin + options.batch_size, static_cast<int64_t>(indices.size()));
        const TensorType& sample = data->sample();
        Shape shape{end - begin};
        for (const int64_t d : sample.shape)
            shape.push_back(d);
        const DType dtype = options.augmenter ? DType::F32 : sample.dtype;
        Batch batch{Tensor::uninitialized(dtype, shape),
                    Tensor::uninitialized(DType::I64, {end - begin})};
        const auto bytes = static_cast<size_t>(sample.shape.elements()) * size_of(dtype);
        for (int64_t i = begin; i < end; ++i)
            batch.y.data<int64_t>()[static_cast<size_t>(i - begin)] =
                fill(batch.x.raw() + static_cast<size_t>(i - begin) * bytes,
                     indices[static_cast<size_t>(i)]);
        return batch;
    }

    /// Returns the sample's class.
    int64_t fill(std::byte* target, int64_t index) const {
        if (!options.augmenter)
            return data->read(options.split, index, target);
        auto* values = reinterpret_cast<float*>(target);
        const int64_t label = data->read_f32(options.split, index, values);
        options.augmenter->apply(data->sample().shape, values,
                                 {options.seed, options.epoch, static_cast<uint64_t>(index)});
        return label;
    }

    void work() {
        for (;;) {
            int64_t k = 0;
            {
                std::unique_lock lock(mutex);
                room.wait(lock, [&] {
                    return stop || next_to_make >= batches() ||
                           next_to_make < next_to_take + options.ahead;
                });
                if (stop || next_to_make >= batches())
                    return;
                k = next_to_make++;
            }
            try {
                Batch batch = make(k);
                const std::lock_guard lock(mutex);
                const auto at = static_cast<size_t>(k % options.ahead);
                ring[at] = std::move(batch);
                filled[at] = k;
            } catch (...) {
                const std::lock_guard lock(mutex);
                if (!failure)
                    failure = std::current_exception();
            }
            ready.notify_all();
        }
    }
};

DataLoader::DataLoader(std::shared_ptr<const Dataset> data, std::vector<int64_t> indices,
                       const Options& options)
    : state_(std::make_unique<State>()) {
    if (options.batch_size < 1 || options.workers < 1 || options.ahead < 1)
        throw UsageError("the data loader needs a batch size, workers and a depth of at least 1");
    state_->data = std::move(data);
    state_->indices = std::move(indices);
    state_->options = options;
    state_->ring.resize(static_cast<size_t>(options.ahead));
    state_->filled.assign(static_cast<size_t>(options.ahead), -1);
    for (int i = 0; i < options.workers; ++i)
        state_->threads.push_back(start_thread([s = state_.get()] { s->work(); }));
}

DataLoader::~DataLoader() = default;

int64_t DataLoader::batches() const { return state_->batches(); }
double DataLoader::waited() const { return state_->waited; }

bool DataLoader::next(Batch& batch) {
    State& s = *state_;
    std::unique_lock lock(s.mutex);
    if (s.next_to_take >= s.batches())
        return false;
    const auto at = static_cast<size_t>(s.next_to_take % s.options.ahead);
    const auto start = std::chrono::steady_clock::now();
    s.ready.wait(lock, [&] { return s.filled[at] == s.next_to_take || s.failure; });
    s.waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (s.failure)
        std::rethrow_exception(s.failure);
    batch = std::move(s.ring[at]);
    s.filled[at] = -1;
    ++s.next_to_take;
    lock.unlock();
    s.room.notify_all();
    return true;
}

} // namespace lamina
