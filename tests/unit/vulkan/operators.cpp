#include "operators.hpp"

#include <catch2/catch.hpp>

#include <cmath>

#include "lamina/plugin/philox.hpp"

namespace lamina::test {

using plugin::Dims;

BackendUnderTest& reference() {
    static const auto backend = std::make_unique<BackendUnderTest>("reference");
    return *backend;
}

Tensor random_tensor(Dims dims, uint64_t seed, Fill fill) {
    Tensor t(LM_F32, std::move(dims));
    const auto n = static_cast<size_t>(t.type.elements());
    std::vector<float> values(n);
    const auto key = philox_key(seed, "test");
    for (size_t i = 0; i < n; ++i) {
        const float u = random_uniform(key, i, 0, 0);
        values[i] = fill == Fill::integers  ? std::floor(u * 9) - 4
                    : fill == Fill::uniform ? 2 * u - 1
                                            : 0.75f + 0.5f * u;
    }
    std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
    return t;
}

Tensor striped(Dims dims) {
    Tensor t(LM_F32, std::move(dims));
    auto* values = reinterpret_cast<float*>(t.bytes.data());
    for (size_t i = 0; i < t.bytes.size() / sizeof(float); ++i)
        values[i] = static_cast<float>(i % 9) - 4;
    return t;
}

Dims activation(int64_t n, int64_t c, const Dims& spatial, bool last) {
    Dims d{n};
    if (!last)
        d.push_back(c);
    d.insert(d.end(), spatial.begin(), spatial.end());
    if (last)
        d.push_back(c);
    return d;
}

namespace {

/// What transforms lose, of the largest magnitude: Winograd's multiply by up to 8 and divide by 24,
/// Fourier's only turn and add.
double tolerance_of(const std::string& candidate, double otherwise) {
    if (candidate.starts_with("winograd"))
        return 3e-5;
    return candidate == "fft" ? 3e-6 : otherwise;
}

} // namespace

void expect_same_by(BackendUnderTest& device, const std::string& candidate, const NodeSpec& spec,
                    const std::vector<Tensor>& expected, double tolerance) {
    tolerance = tolerance_of(candidate, tolerance);
    const auto got = device.run(spec, candidate);
    for (size_t j = 0; j < got.size(); ++j) {
        INFO(spec.op << " by " << candidate << ", output " << j << " of "
                     << plugin::to_string(got[j].type.dims));
        if (got[j].type.dtype != LM_F32 || tolerance == 0) {
            CHECK(got[j].bytes == expected[j].bytes);
            continue;
        }
        const auto a = got[j].values<float>(), b = expected[j].values<float>();
        double largest = 0, worst = 0;
        for (size_t i = 0; i < a.size(); ++i) {
            largest = std::max(largest, std::abs(double{b[i]}));
            const double error = std::abs(double{a[i]} - b[i]);
            worst = std::isnan(error) ? INFINITY : std::max(worst, error);
        }
        CHECK(worst <= tolerance * largest);
        CHECK(device.run(spec, candidate)[j].bytes == got[j].bytes);
    }
}

void expect_same_on(BackendUnderTest& device, const NodeSpec& spec, double tolerance) {
    const auto expected = reference().run(spec);
    for (const std::string& candidate : device.candidates(spec))
        expect_same_by(device, candidate, spec, expected, tolerance);
}

void expect_same(const NodeSpec& spec, double tolerance) {
    if (!vulkan().available() || !reference().available())
        return;
    expect_same_on(vulkan(), spec, tolerance);
    expect_same_on(least_vulkan(), spec, tolerance);
}

} // namespace lamina::test
