#include "kernels/gemm.hpp"

#include <algorithm>
#include <iterator>

#include "kernels/map_step.hpp"
#include "shaders/join.hpp"

namespace lamina::vulkan {

namespace {

// Best first among equals. 128 threads and 16 KiB of shared memory are what every device has; the
// tile of 128 by 128 takes more. A thread of 8 by 8 takes 112 to 120 registers on navi21 with these
// steps, so that 8 of its subgroups share a SIMD unit; 16 of k with fewer threads would need 144.
constexpr Tile kTiles[] = {
    {16, 16, 2, 2, 16}, // 128 x 128
    {8, 16, 2, 2, 16},  // 128 x 64
    {16, 8, 2, 2, 16},  // 64 x 128
    {8, 8, 2, 2, 8},    // 64 x 64
    {4, 32, 2, 2, 8},   // 256 x 32
    {4, 16, 2, 2, 8},   // 128 x 32
    {8, 16, 1, 1, 16},  // 64 x 32
    {16, 8, 1, 1, 16},  // 32 x 64
    {8, 8, 1, 1, 16},   // 32 x 32
    {4, 32, 1, 1, 16},  // 128 x 16
    {4, 16, 1, 1, 16},  // 64 x 16
    {2, 32, 1, 1, 16},  // 128 x 8
    {16, 4, 1, 1, 16},  // 16 x 64
    {8, 4, 1, 1, 16},   // 16 x 32
};

// Of few threads: a driver that runs on a CPU's vector units takes 4 to 16 at once, and workgroups
// as they come.
constexpr Tile kUnsharedTiles[] = {
    {1, 8, 2, 2, 4}, // 64 x 8
    {2, 4, 2, 2, 4}, // 32 x 16
    {4, 2, 2, 2, 4}, // 16 x 32
    {8, 1, 2, 2, 4}, // 8 x 64
    {1, 8, 2, 1, 4}, // 64 x 4
    {1, 8, 1, 1, 4}, // 32 x 4
    {2, 4, 1, 1, 4}, // 16 x 8
    {4, 2, 1, 1, 4}, // 8 x 16
    {8, 1, 1, 1, 4}, // 4 x 32
    {8, 1, 1, 4, 4}, // 4 x 128
};

// A part of fewer entries costs more to join than it saves.
constexpr int64_t kShortestPart = 256;
// Copies of the result; what a split gains ends long before.
constexpr uint64_t kMostCopyBytes = uint64_t{16} << 20;
// Threads of this many accumulators that keep one unit of a device at work.
constexpr double kBusyThreads = 256;

int64_t parts_of(int64_t extent, int64_t size) { return (extent + size - 1) / size; }

/// Time of one multiplication and addition, of 1 where nothing but arithmetic counts.
double cost_of_fma(const Tile& t) {
    const double rows = 4.0 * t.ra, columns = 4.0 * t.rb;
    // Reads of shared memory go four bytes a lane and cycle where a multiply-add takes one, half of
    // them shared by the lanes of a row or column. Reads of global memory have a tenth of that
    // rate.
    const double shared_reads = 2.0 * (rows + columns) / (rows * columns);
    const double global_reads = 16.0 * (1.0 / t.rows() + 1.0 / t.columns());
    return 1.0 + shared_reads + global_reads;
}

/// The same where every operand is read from memory when it is needed. Lavapipe reads one in the
/// time of 2.5 multiplications and additions (measured: 8 by 8 a thread against 16 by 8).
double unshared_cost_of_fma(const Tile& t) {
    return 1.0 + 2.5 * (1.0 / (4.0 * t.ra) + 1.0 / (4.0 * t.rb));
}

// What copying to shared memory makes of that where it gains nothing (measured: lavapipe, 8 by 8 a
// thread).
constexpr double kSharingAtNoGain = 2.2;

double cost_of_fma(const Limits& limits, ProductShader shader, const Tile& t) {
    if (shader == ProductShader::unshared)
        return unshared_cost_of_fma(t);
    return limits.shares_at_no_gain ? kSharingAtNoGain * unshared_cost_of_fma(t) : cost_of_fma(t);
}

// That of shaders/gemm_cooperative.glsl, which is one size. Matrix units have 16 times and more of
// the rate of f32 and are rarely fed so well.
constexpr Tile kCooperativeTile{16, 8, 2, 1, kCooperativeStep};
static_assert(kCooperativeTile.rows() == kCooperativeSide &&
              kCooperativeTile.columns() == kCooperativeSide &&
              kCooperativeTile.threads() == kCooperativeThreads);
constexpr double kCooperativeGain = 6;

double seconds_of(const Limits& limits, const Product& p, ProductShader shader, const Tile& t,
                  int64_t splits) {
    const int64_t k = parts_of(parts_of(p.k, splits), t.step) * t.step;
    const int64_t groups = parts_of(p.m, t.rows()) * parts_of(p.n, t.columns()) * p.batch * splits;
    // The unit with most workgroups ends last; one with few threads works at part of its rate.
    const int64_t groups_a_unit = parts_of(groups, limits.units);
    const double threads = static_cast<double>(groups_a_unit) * t.threads();
    const double busy = limits.shares_at_no_gain ? 1.0 : std::min(1.0, threads / kBusyThreads);
    const double rate = busy * limits.flops_per_second / static_cast<double>(limits.units);
    const double flops =
        2.0 * static_cast<double>(groups_a_unit) * t.rows() * t.columns() * static_cast<double>(k);
    double seconds = flops * cost_of_fma(limits, shader, t) / rate;
    if (splits > 1)
        seconds += limits.seconds(
            0, static_cast<double>(p.batch * p.m * p.n) * 4.0 * static_cast<double>(2 * splits), 1);
    return seconds;
}

} // namespace

uint32_t Tile::shared_bytes() const {
    return step * (ra * ty + 1 + rb * tx + 1) * 16 + rows() * 16;
}

namespace {

GemmPlan best_of(const Limits& limits, const Product& p, ProductShader shader,
                 std::span<const Tile> tiles, bool may_split) {
    GemmPlan best;
    const uint64_t most_copy_bytes = std::min(kMostCopyBytes, limits.max_range);
    for (const Tile& t : tiles) {
        for (int64_t splits = 1; splits == 1 || (may_split && p.k >= splits * kShortestPart);
             splits *= 2) {
            GemmPlan plan{shader, t, splits, 1, seconds_of(limits, p, shader, t, splits), {}};
            plan.part = parts_of(parts_of(p.k, splits), t.step) * t.step;
            plan.splits = parts_of(p.k, plan.part);
            if (plan.splits > 1 && (plan.copies_bytes(p) > most_copy_bytes ||
                                    p.batch * plan.splits > limits.max_groups))
                break;
            if (best.seconds == 0 || plan.seconds < best.seconds)
                best = plan;
        }
    }
    if (p.batch > limits.max_groups)
        plugin::unsupported(std::to_string(p.batch) + " products side by side");
    return best;
}

GemmPlan shared(const Limits& limits, const Product& p, bool may_split) {
    std::vector<Tile> tiles;
    std::copy_if(std::begin(kTiles), std::end(kTiles), std::back_inserter(tiles),
                 [&](const Tile& t) {
                     return t.threads() <= limits.max_invocations &&
                            t.shared_bytes() <= limits.max_shared_bytes;
                 });
    return best_of(limits, p, ProductShader::shared, tiles, may_split);
}

GemmPlan unshared(const Limits& limits, const Product& p, bool may_split) {
    if (!limits.shares_at_no_gain)
        plugin::unsupported("it is for devices whose shared memory is no faster than a buffer");
    return best_of(limits, p, ProductShader::unshared, kUnsharedTiles, may_split);
}

GemmPlan cooperative(const Limits& limits, const Product& p, lm_dtype operands) {
    if (!limits.cooperative_matrix)
        plugin::unsupported("cooperative_matrix=true was not given");
    if (operands != LM_F16)
        plugin::unsupported(std::string("operands in ") + plugin::dtype_name(operands) +
                            "; it takes f16");
    GemmPlan plan =
        best_of(limits, p, ProductShader::cooperative, std::span(&kCooperativeTile, 1), true);
    plan.seconds /= kCooperativeGain;
    plan.matrix = limits.cooperative_matrix;
    return plan;
}

} // namespace

GemmPlan GemmPlan::choose(const Limits& limits, ProductShader by, const Product& p,
                          lm_dtype operands) {
    switch (by) {
    case ProductShader::unshared:
        return unshared(limits, p, true);
    case ProductShader::cooperative:
        return cooperative(limits, p, operands);
    case ProductShader::shared:
        break;
    }
    return shared(limits, p, true);
}

GemmPlan GemmPlan::choose(const Limits& limits, const Product& p, bool may_split) {
    return limits.shares_at_no_gain ? unshared(limits, p, may_split) : shared(limits, p, may_split);
}

std::vector<uint32_t> GemmPlan::constants(const Neighbours& n) const {
    std::vector<uint32_t> list;
    if (shader == ProductShader::cooperative)
        list = {tile.threads(), matrix.down, matrix.across, matrix.m, matrix.n, matrix.k};
    else
        list = {tile.threads(), tile.tx, tile.ty, tile.ra, tile.rb, tile.step};
    list.insert(list.end(), {n.a_along_k, n.b_along_k, n.a_quads, n.b_quads, n.y_quads});
    return list;
}

Groups GemmPlan::groups(const Step& step, const Product& p) const {
    Groups groups = step.linear(
        static_cast<uint64_t>(parts_of(p.m, tile.rows()) * parts_of(p.n, tile.columns())));
    groups.z = word(p.batch * splits);
    return groups;
}

uint64_t GemmPlan::copies_bytes(const Product& p) const {
    return static_cast<uint64_t>(splits * p.batch * p.m * p.n) * sizeof(float);
}

void dispatch_join(Step& step, const Join& join, const Epilogue& epilogue, Operand partial,
                   Operand result) {
    const uint32_t size = line_workgroup(step.limits);
    auto constants = epilogue.constants();
    constants.insert(constants.begin(), size);
    const int64_t threads = line_threads(join.elements, epilogue.result);
    const uint32_t push[] = {word(join.elements), word(join.copies), word(join.channels),
                             word(join.channel_stride)};
    const Binding bindings[] = {reads(partial), reads(partial), writes(result),
                                reads(epilogue.bias(step, partial))};
    step.dispatch(spirv::join, constants, push, bindings,
                  step.linear((static_cast<uint64_t>(threads) + size - 1) / size));
}

} // namespace lamina::vulkan
