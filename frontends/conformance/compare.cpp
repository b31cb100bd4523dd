#include "compare.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace lamina::conformance {

namespace {

double unit_roundoff(DType dtype) {
    switch (dtype) {
    case DType::F64:
        return 0x1p-53;
    case DType::F16:
        return 0x1p-11;
    case DType::BF16:
        return 0x1p-8;
    default:
        return 0x1p-24;
    }
}

std::string position(const Shape& shape, size_t flat) {
    std::vector<int64_t> index(shape.rank());
    auto rest = static_cast<int64_t>(flat);
    for (size_t i = shape.rank(); i-- > 0; rest /= shape[i])
        index[i] = rest % shape[i];
    return fmt::format("[{}]", fmt::join(index, ", "));
}

std::string differs(const Shape& shape, size_t i, double got, double want, const char* how) {
    return fmt::format("element {} is {:.9g}, the reference's is {:.9g}: {}", position(shape, i),
                       got, want, how);
}

bool same(double got, double want) { return got == want || (std::isnan(got) && std::isnan(want)); }

} // namespace

Distance bound(const Limit& limit, DType dtype, const std::string& numerics) {
    const bool narrow = size_of(dtype) == 2;
    const double u = unit_roundoff(narrow ? DType::F32 : dtype);
    const bool transformed = numerics == "transformed";
    double worst = 0;
    switch (limit.kind) {
    case Limit::Class::Exact:
        // A transform takes products of inexact numbers even where the plain sum is exact.
        worst = transformed ? 256 * u : 0;
        break;
    case Limit::Class::Rounded:
        worst = 6 * u;
        break;
    case Limit::Class::Function:
        worst = (64 + 4 * std::sqrt(limit.terms)) * u;
        break;
    case Limit::Class::Sum:
        worst = 4 * (1 + std::sqrt(limit.terms)) * u * (transformed ? 30 : 1);
        break;
    case Limit::Class::Net:
        worst = 64 * std::sqrt(limit.terms) * u;
        if (limit.stored != DType::F32)
            worst += 2 * std::sqrt(limit.terms) * unit_roundoff(limit.stored);
        worst += 8 * std::min(limit.moved, 1e-4);
        break;
    }
    if (narrow && (limit.kind != Limit::Class::Exact || transformed))
        worst += 4 * unit_roundoff(dtype);
    return {worst * worst, worst};
}

double relative_distance(const Tensor& got, const Tensor& want) {
    const Tensor wide_got = got.cast(DType::F64), wide_want = want.cast(DType::F64);
    const auto a = wide_got.data<double>(), b = wide_want.data<double>();
    double worst = 0, largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        worst = std::max(worst, std::fabs(a[i] - b[i]));
        largest = std::max(largest, std::fabs(b[i]));
    }
    return largest > 0 ? worst / largest : 0;
}

std::string compare(const Tensor& got, const Tensor& want, const Limit& limit,
                    const std::string& numerics) {
    if (got.dtype() == DType::I64) { // too wide for double
        const auto a = got.data<int64_t>(), b = want.data<int64_t>();
        for (size_t i = 0; i < a.size(); ++i)
            if (a[i] != b[i])
                return fmt::format("element {} is {}, the reference's is {}",
                                   position(got.shape(), i), a[i], b[i]);
        return "";
    }
    const Tensor wide_got = got.cast(DType::F64), wide_want = want.cast(DType::F64);
    const auto a = wide_got.data<double>(), b = wide_want.data<double>();
    const Distance allowed =
        is_floating(got.dtype()) ? bound(limit, got.dtype(), numerics) : Distance{};
    double difference = 0, power = 0, worst = 0, largest = 0;
    size_t at = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(b[i]) || !std::isfinite(a[i]) || allowed.worst == 0) {
            if (!same(a[i], b[i]))
                return differs(got.shape(), i, a[i], b[i], "they must be equal");
            continue;
        }
        const double error = std::fabs(a[i] - b[i]);
        difference += error * error;
        power += b[i] * b[i];
        largest = std::max(largest, std::fabs(b[i]));
        if (error > worst) {
            worst = error;
            at = i;
        }
    }
    if (worst == 0)
        return "";
    if (worst > allowed.worst * largest)
        return differs(got.shape(), at, a[at], b[at],
                       fmt::format("off by {:.3g} of the largest value, at most {:.3g} is allowed",
                                   worst / largest, allowed.worst)
                           .c_str());
    if (difference > allowed.nmse * power)
        return fmt::format("normalised mean square error {:.3g}, at most {:.3g} is allowed",
                           difference / power, allowed.nmse);
    return "";
}

} // namespace lamina::conformance
