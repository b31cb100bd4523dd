// Augmentations: pictures stay pictures, and a draw depends on the sample's key and on nothing
// else.
#include <atomic>
#include <cmath>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "case.hpp"
#include "lamina/augmentation.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/abi.h"
#include "parts/guarded.hpp"
#include "parts/part.hpp"

namespace lamina::conformance {

namespace {

constexpr int64_t kPictures = 70; // more than an 8x8 picture has pixels, for what learns from them
constexpr size_t kKeys = 32;

/// Pictures of bytes, as most data sets have them.
std::vector<float> pictures(const Shape& shape) {
    Shape all{kPictures};
    for (const int64_t d : shape)
        all.push_back(d);
    const Tensor drawn =
        make_inputs({"part/augmentation", "", {{all, uniform(0, 255)}}, {}, {}})[0];
    std::vector<float> values(drawn.data<float>().begin(), drawn.data<float>().end());
    for (float& v : values)
        v = std::round(v);
    return values;
}

/// One augmentation on pictures of one shape.
class Trial {
  public:
    Trial(const Subject& subject, const Shape& shape)
        : shape_(shape), augmenter_(Augmenter::parse(text(subject))), pictures_(pictures(shape)) {
        if (augmenter_->learns())
            augmenter_->fit(*data());
    }

    static std::string text(const Subject& subject) {
        return subject.config.empty() ? subject.name()
                                      : subject.name() + "=" + subject.config.dump();
    }

    /// What becomes of a picture for a key, with the guards around it.
    Guarded changed(const SampleKey& key, uint64_t picture = 0) const {
        const auto elements = static_cast<size_t>(shape_.elements());
        Guarded sample(elements * sizeof(float));
        auto* values = reinterpret_cast<float*>(sample.data());
        std::memcpy(values, pictures_.data() + picture * elements, elements * sizeof(float));
        augmenter_->apply(shape_, values, key);
        return sample;
    }

  private:
    std::shared_ptr<Dataset> data() const {
        Shape all{kPictures};
        for (const int64_t d : shape_)
            all.push_back(d);
        const Tensor x = Tensor::from(pictures_, all);
        const Tensor y = Tensor::zeros(DType::I64, {kPictures});
        return Dataset::of("pictures", {x, y}, {x, y}, 1);
    }

    Shape shape_;
    std::shared_ptr<Augmenter> augmenter_;
    std::vector<float> pictures_;
};

std::vector<SampleKey> keys() {
    std::vector<SampleKey> out;
    for (uint64_t i = 0; i < kKeys; ++i)
        out.push_back({i % 3, i / 3 % 2, i * 7 % kPictures});
    return out;
}

std::string sample_fault(const Trial& trial, const SampleKey& key) {
    Guarded sample = trial.changed(key, key.index);
    if (std::string wrong = sample.fault(); !wrong.empty())
        return wrong;
    const std::vector<std::byte> content = sample.content();
    for (size_t i = 0; i < content.size(); i += sizeof(float)) {
        float value = 0;
        std::memcpy(&value, content.data() + i, sizeof value);
        if (!std::isfinite(value))
            return fmt::format("it makes a pixel {} of a picture of 0 to 255", value);
    }
    return "";
}

/// What each key gives, when they are asked for from several threads at once, each in an order of
/// its own, must be what it gave before.
std::string order_fault(const Trial& trial, const std::vector<SampleKey>& all) {
    std::vector<std::vector<std::byte>> want;
    for (const SampleKey& key : all)
        want.push_back(trial.changed(key).content());
    for (size_t i = all.size(); i-- > 0;)
        if (trial.changed(all[i]).content() != want[i])
            return "the same sample of the same epoch and seed is another one in another order";
    std::atomic<bool> differs{false}, threw{false};
    std::vector<std::thread> threads;
    constexpr size_t kThreads = 4;
    for (size_t t = 0; t < kThreads; ++t)
        threads.emplace_back([&, t] {
            try {
                for (size_t i = 0; i < 4 * all.size(); ++i) {
                    const size_t at = (i * (2 * t + 1) + t * 5) % all.size();
                    if (trial.changed(all[at]).content() != want[at])
                        differs = true;
                }
            } catch (const std::exception&) {
                threw = true;
            }
        });
    for (std::thread& t : threads)
        t.join();
    if (threw)
        return "it fails when several threads use it";
    return differs ? "the same sample is another one when several threads ask for it" : "";
}

/// What of a key decides what becomes of a picture.
struct DrawnBy {
    bool seed, epoch, index;
    bool anything() const { return seed || epoch || index; }
};
DrawnBy drawn_by(const Trial& trial) {
    const auto differs = [&](auto key_of) {
        const auto first = trial.changed(key_of(0)).content();
        for (uint64_t i = 1; i < kKeys; ++i)
            if (trial.changed(key_of(i)).content() != first)
                return true;
        return false;
    };
    return {differs([](uint64_t i) {
                return SampleKey{i, 0, 0};
            }),
            differs([](uint64_t i) {
                return SampleKey{0, i, 0};
            }),
            differs([](uint64_t i) {
                return SampleKey{0, 0, i};
            })};
}

std::string draw_fault(const DrawnBy& by, bool normalizes) {
    if (!by.anything())
        return "";
    if (normalizes)
        return "a normalization must draw nothing; it differs between keys";
    if (!by.seed && by.epoch && !by.index)
        return ""; // one that grows with the epochs
    std::string same;
    for (const auto& [depends, what] :
         {std::pair{by.seed, "seed"}, std::pair{by.epoch, "epoch"}, std::pair{by.index, "sample"}})
        if (!depends)
            same += fmt::format("{}{}", same.empty() ? "" : " and every ", what);
    return same.empty() ? "" : fmt::format("its draws are the same for every {}", same);
}

} // namespace

PART_TEST(augmentation) {
    const auto& table = subject.part.as<lm_augmentation>();
    if (table.flags & LM_AUGMENT_NORMALIZES && table.affine != nullptr)
        check.run("is either a normalization or moves pixels",
                  [] { return "a normalization must have no affine()"; });
    bool drawn = false;
    const std::vector<Shape> shapes =
        subject.inputs.empty() ? std::vector<Shape>{{8, 8, 3}, {7, 9, 1}} : subject.inputs;
    for (const Shape& shape : shapes) {
        const std::string of = fmt::format(", for {}", shape.to_string());
        std::unique_ptr<Trial> trial;
        check.run((table.fit != nullptr ? "learns from samples" : "opens") + of,
                  [&]() -> std::string {
                      trial = std::make_unique<Trial>(subject, shape);
                      return "";
                  });
        if (!trial)
            continue;
        check.run("writes the sample and nothing else, in finite numbers" + of,
                  [&]() -> std::string {
                      for (const SampleKey& key : keys())
                          if (std::string wrong = sample_fault(*trial, key); !wrong.empty())
                              return wrong;
                      return "";
                  });
        check.run("gives the same bits for the same key, in any order and on any thread" + of,
                  [&] { return order_fault(*trial, keys()); });
        check.run("draws by seed, epoch and sample, if at all" + of, [&] {
            const DrawnBy by = drawn_by(*trial);
            drawn = drawn || by.anything();
            return draw_fault(by, (table.flags & LM_AUGMENT_NORMALIZES) != 0);
        });
    }
    if (!drawn)
        check.skip("different draws for different keys",
                   "it draws nothing as it is set; --config sets it otherwise");
}

} // namespace lamina::conformance
