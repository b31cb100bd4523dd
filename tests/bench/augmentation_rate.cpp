/// How many pictures the loader augments, in a second and in a second of processor time: prints one
/// JSON object. Other work on the machine changes the first figure, and hardly the second.
///
/// usage: augmentation_rate FOLDER AUGMENT WORKERS SECONDS
///
/// FOLDER: CIFAR-10's. AUGMENT: as --augment takes it; "" measures reading alone.
#include <chrono>
#include <ctime>
#include <iostream>
#include <numeric>

#include "lamina/dataset.hpp"

using namespace lamina;

namespace {

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Seconds that all threads of this process have computed.
double processor_seconds() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// The batches of one epoch, until the time is up; adds up the pictures.
void go_through(const std::shared_ptr<Dataset>& data, const DataLoader::Options& options,
                double end, int64_t& pictures) {
    std::vector<int64_t> order(static_cast<size_t>(data->size(Split::Train)));
    std::iota(order.begin(), order.end(), 0);
    DataLoader loader(data, shuffled(order, options.seed, options.epoch), options);
    for (Batch batch; now() < end && loader.next(batch);)
        pictures += batch.size();
}

} // namespace

int main(int argc, char** argv) try {
    if (argc != 5) {
        std::cerr << "usage: augmentation_rate FOLDER AUGMENT WORKERS SECONDS\n";
        return 2;
    }
    const auto data = Dataset::open("cifar10", argv[1]);
    DataLoader::Options options;
    if (*argv[2] != '\0')
        options.augmenter = Augmenter::parse(argv[2]);
    options.workers = std::stoi(argv[3]);
    int64_t pictures = 0;
    const double computed = processor_seconds();
    const double begin = now(), end = begin + std::stod(argv[4]);
    for (; now() < end; ++options.epoch)
        go_through(data, options, end, pictures);
    const auto count = static_cast<double>(pictures);
    std::cout << "{\"images_per_second\": " << count / (now() - begin)
              << ", \"images_per_processor_second\": " << count / (processor_seconds() - computed)
              << "}\n";
    return 0;
} catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
}
