// Memory over a long training.

#include <sys/resource.h>

#include "training.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

uint64_t peak_rss_kib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss);
}

constexpr int64_t kBatch = 16;

// Up to eight batches are under way at once; how many the first epochs saw depends on the machine's
// load, and each takes the bytes of its images and labels.
constexpr double kUnderWay = 7 * kBatch * (28 * 28 + 8);

struct MemoryByEpoch : Callback {
    explicit MemoryByEpoch(Device& d) : device(d) {}
    bool epoch_end(const EpochRecord&) override {
        on_device.push_back(static_cast<double>(device.memory().peak));
        on_host.push_back(static_cast<double>(peak_rss_kib()));
        return true;
    }
    bool may_lag() const override { return true; }

    Device& device;
    std::vector<double> on_device, on_host;
};

} // namespace

TEST_CASE("memory: device and host peak after five epochs are those after two") {
    for (const std::string backend : {"openblas", "vulkan", "vulkan:least_device=true"}) {
        INFO(backend);
        Model model = small_net();
        model.use(backend);
        try {
            model.device();
        } catch (const Error&) {
            WARN(backend << " is unavailable here");
            continue;
        }
        auto memory = std::make_shared<MemoryByEpoch>(model.device());
        FitOptions o =
            options(5, 330, kBatch); // a smaller last batch in training and in validation
        o.validation_split = 0.2;
        o.callbacks = {memory};
        model.fit(digits(), o);
        REQUIRE(memory->on_device.size() == 5);
        CHECK(memory->on_device[4] <= 1.01 * memory->on_device[1] + kUnderWay);
        CHECK(memory->on_host[4] <= 1.01 * memory->on_host[1]);
    }
}
