#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

#include <fmt/format.h>

#include "data/affine.hpp"
#include "data/augmenter_text.hpp"
#include "lamina/augmentation.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "plugins/guarded.hpp"
#include "plugins/host.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

constexpr char kFillingSchema[] = R"({
    "fill_mode": {"type": "string", "default": "nearest",
                  "enum": ["constant", "nearest", "reflect", "wrap"]},
    "cval": {"type": "float", "default": 0},
    "interpolation": {"type": "string", "default": "bilinear", "enum": ["nearest", "bilinear"]}})";

const std::vector<std::string> kFillingKeys{"fill_mode", "cval", "interpolation"};

Filling parse_filling(const Json& given) {
    const Json checked = apply_schema(given, kFillingSchema, "--augment");
    Filling filling;
    const std::string mode = checked.at("fill_mode");
    filling.mode = mode == "constant"  ? FillMode::Constant
                   : mode == "reflect" ? FillMode::Reflect
                   : mode == "wrap"    ? FillMode::Wrap
                                       : FillMode::Nearest;
    filling.cval = checked.at("cval").get<float>();
    filling.interpolation =
        checked.at("interpolation") == "nearest" ? Interpolation::Nearest : Interpolation::Bilinear;
    return filling;
}

/// One augmentation, opened.
class Change {
  public:
    /// given: true, a value for the augmentation's value_key, or its whole configuration.
    Change(const std::string& name, const Json& given)
        : part_(Registry::global().find("augmentation", name)), where_("--augment " + name),
          config_(apply_schema(configuration(given), table().schema, where_)) {
        try {
            call(table().open, host_table(), &config_, &self_);
        } catch (const Error& e) {
            if (e.code() == StatusCode::InvalidArgument)
                throw UsageError(where_ + ": " + e.what());
            throw;
        }
    }
    ~Change() {
        if (self_ != nullptr)
            table().close(self_);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

    int32_t order() const { return table().order; }
    bool normalizes() const { return (table().flags & LM_AUGMENT_NORMALIZES) != 0; }
    bool geometric() const { return table().affine != nullptr; }
    bool learns() const { return table().fit != nullptr; }

    AffineMatrix affine(const lm_tensor_desc& type, const lm_sample_key& key) const {
        AffineMatrix matrix{};
        call(table().affine, self_, &type, &key, matrix.data());
        for (const double entry : matrix)
            if (!std::isfinite(entry))
                fail(StatusCode::InvalidArgument,
                     fmt::format("{}: its matrix has the entry {}; all must be finite", where_,
                                 entry));
        return matrix;
    }
    void apply(const lm_tensor_desc& type, float* sample, const lm_sample_key& key) const {
        call(table().apply, self_, &type, sample, &key);
    }
    void fit(const lm_samples& samples) {
        if (learns())
            call(table().fit, self_, &samples);
    }

  private:
    const lm_augmentation& table() const { return part_.as<lm_augmentation>(); }

    Json configuration(const Json& given) const {
        if (given.is_object() || given == true)
            return given == true ? Json::object() : given;
        if (table().value_key == nullptr)
            throw UsageError(fmt::format("{}: it takes no value, got {}", where_, given.dump()));
        return {{table().value_key, given}};
    }

    Part part_;
    std::string where_;
    const lm_config config_; // lives until the augmentation is closed
    void* self_ = nullptr;
};

lm_tensor_desc describe(const Shape& shape) {
    return {sizeof(lm_tensor_desc), LM_F32, static_cast<int32_t>(shape.rank()), 0, shape.begin()};
}

/// What samples lie in while they are changed; one for each thread.
std::vector<float>& scratch(int64_t elements) {
    thread_local std::vector<float> memory;
    memory.resize(std::max(memory.size(), static_cast<size_t>(elements)));
    return memory;
}

} // namespace

struct Augmenter::State {
    std::string text;
    Filling filling;
    std::vector<std::unique_ptr<Change>> changes; // in their order
    std::once_flag fitted;

    template <class Wanted>
    bool any(Wanted wanted) const {
        return std::any_of(changes.begin(), changes.end(),
                           [&](const auto& c) { return wanted(*c); });
    }
    bool normalizes() const {
        return any([](const Change& c) { return c.normalizes(); });
    }

    /// Those that `wanted` chooses of the changes before `end`.
    template <class Wanted>
    void apply(const Shape& shape, float* sample, const SampleKey& sample_key, size_t end,
               Wanted wanted) const {
        const lm_tensor_desc type = describe(shape);
        const lm_sample_key key{sizeof key, sample_key.seed, sample_key.epoch, sample_key.index};
        for (size_t i = 0; i < end;) {
            if (!wanted(*changes[i])) {
                ++i;
            } else if (changes[i]->geometric()) {
                AffineMatrix matrix = kIdentity;
                for (; i < end && changes[i]->geometric(); ++i)
                    matrix = matrix * changes[i]->affine(type, key);
                move_pixels(shape, sample, matrix);
            } else {
                changes[i++]->apply(type, sample, key);
            }
        }
    }

    void move_pixels(const Shape& shape, float* sample, const AffineMatrix& matrix) const {
        if (matrix == kIdentity)
            return;
        std::vector<float>& before = scratch(shape.elements());
        std::memcpy(before.data(), sample, static_cast<size_t>(shape.elements()) * sizeof(float));
        sample_affine(before.data(), sample, {shape[0], shape[1], shape[2]}, matrix, filling);
    }

    void fit(const Dataset& data) {
        for (size_t i = 0; i < changes.size(); ++i)
            fit(data, i);
    }

    /// What the i-th change learns from has gone through the normalizations before it.
    void fit(const Dataset& data, size_t i) {
        const Shape& shape = data.sample().shape;
        const lm_tensor_desc type = describe(shape);
        struct Source {
            const State& state;
            const Dataset& data;
            size_t end;
        } source{*this, data, i};
        const lm_samples samples{
            sizeof samples, &type, static_cast<uint64_t>(data.size(Split::Train)), &source,
            [](void* context, uint64_t index, float* sample, lm_error* error) {
                return guarded(error, [&] {
                    const auto& s = *static_cast<Source*>(context);
                    s.data.read_f32(Split::Train, static_cast<int64_t>(index), sample);
                    s.state.apply(s.data.sample().shape, sample, {}, s.end,
                                  [](const Change& c) { return c.normalizes(); });
                });
            }};
        changes[i]->fit(samples);
    }
};

Augmenter::Augmenter(std::shared_ptr<State> state, bool only_normalizations)
    : state_(std::move(state)), only_normalizations_(only_normalizations) {}
Augmenter::~Augmenter() = default;

std::shared_ptr<Augmenter> Augmenter::parse(const std::string& text) {
    auto state = std::make_shared<State>();
    state->text = text;
    Registry& registry = Registry::global();
    Json filling = Json::object();
    const Json all = parse_augmenter_text(text);
    for (const auto& [name, given] : all.items()) {
        if (std::find(kFillingKeys.begin(), kFillingKeys.end(), name) != kFillingKeys.end()) {
            filling[name] = given;
            continue;
        }
        if (!registry.has("augmentation", name)) {
            std::vector<std::string> known = registry.names("augmentation");
            known.insert(known.end(), kFillingKeys.begin(), kFillingKeys.end());
            throw UsageError(fmt::format("--augment: no augmentation `{}`{}\n  there are: {}", name,
                                         did_you_mean(name, known), join(known, ", ")));
        }
        if (given != false) // horizontal_flip=false
            state->changes.push_back(std::make_unique<Change>(name, given));
    }
    state->filling = parse_filling(filling);
    std::stable_sort(state->changes.begin(), state->changes.end(),
                     [](const auto& a, const auto& b) { return a->order() < b->order(); });
    return std::shared_ptr<Augmenter>(new Augmenter(std::move(state), false));
}

const std::string& Augmenter::text() const { return state_->text; }
bool Augmenter::normalizes() const { return state_->normalizes(); }
bool Augmenter::learns() const {
    return state_->any([](const Change& c) { return c.learns(); });
}

std::shared_ptr<const Augmenter> Augmenter::normalizations() const {
    if (!normalizes())
        return nullptr;
    return std::shared_ptr<const Augmenter>(new Augmenter(state_, true));
}

void Augmenter::fit(const Dataset& data) {
    std::call_once(state_->fitted, [&] { state_->fit(data); });
}

void Augmenter::apply(const Shape& shape, float* sample, const SampleKey& key) const {
    if (shape.rank() != 3)
        throw ShapeError(fmt::format(
            "--augment: expected pictures [height, width, channels], got {}", shape.to_string()));
    state_->apply(shape, sample, key, state_->changes.size(), [&](const Change& change) {
        return !only_normalizations_ || change.normalizes();
    });
}

} // namespace lamina
