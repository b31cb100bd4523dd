// Measures the CPU backend's convolution and product kernels on LeNet's shapes, next to OpenBLAS's
// SGEMM on the same sums, and checks them against plain loops on odd shapes first.
//
//     cpu_kernels [check|bench] [threads]

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "compute/filter_gradient.hpp"
#include "compute/gather.hpp"
#include "compute/gemm.hpp"
#include "compute/winograd.hpp"

using namespace lamina::cpu;

namespace {

/// A small pool of spinning-free workers, standing in for the engine's.
class Pool {
  public:
    explicit Pool(int workers) {
        for (int i = 1; i < workers; ++i)
            threads_.emplace_back([this, i] { loop(i); });
        workers_ = workers;
    }
    ~Pool() {
        {
            std::lock_guard lock(mutex_);
            stop_ = true;
        }
        wake_.notify_all();
        for (auto& t : threads_)
            t.join();
    }
    Parallel parallel() {
        return Parallel(
            workers_,
            [](void* self, std::int64_t workers, Parallel::Body body, void* context) {
                static_cast<Pool*>(self)->launch(workers, body, context);
            },
            this);
    }

  private:
    void launch(std::int64_t workers, Parallel::Body body, void* context) {
        {
            std::lock_guard lock(mutex_);
            body_ = body;
            context_ = context;
            active_ = workers;
            left_ = workers_ - 1;
            ++generation_;
        }
        wake_.notify_all();
        body(context, 0);
        std::unique_lock lock(mutex_);
        done_.wait(lock, [this] { return left_ == 0; });
    }
    void loop(int index) {
        std::uint64_t seen = 0;
        for (;;) {
            Parallel::Body body;
            void* context;
            bool active;
            {
                std::unique_lock lock(mutex_);
                wake_.wait(lock, [&] { return stop_ || generation_ != seen; });
                if (stop_)
                    return;
                seen = generation_;
                body = body_;
                context = context_;
                active = index < active_;
            }
            if (active)
                body(context, index);
            std::lock_guard lock(mutex_);
            if (--left_ == 0)
                done_.notify_one();
        }
    }
    std::vector<std::thread> threads_;
    std::mutex mutex_;
    std::condition_variable wake_, done_;
    Parallel::Body body_{};
    void* context_{};
    std::int64_t active_{}, left_{}, workers_{};
    std::uint64_t generation_{};
    bool stop_{};
};

using Floats = std::vector<float>;

Floats random_floats(std::int64_t count, unsigned seed) {
    Floats v(static_cast<std::size_t>(count));
    std::uint64_t s = seed * 0x9e3779b97f4a7c15ull + 1;
    for (auto& x : v) {
        s = s * 6364136223846793005ull + 1442695040888963407ull;
        x = static_cast<float>(static_cast<std::int64_t>(s >> 40) - (1 << 23)) * 0x1p-23f;
    }
    return v;
}

struct Workspace {
    explicit Workspace(std::int64_t bytes)
        : data{std::aligned_alloc(64, static_cast<std::size_t>((bytes + 127) / 64 * 64))} {}
    ~Workspace() { std::free(data); }
    void* data;
};

bool measure_cpu_time = false;

/// Seconds on the wall's clock, or, for one thread on a busy machine, of processor time.
double now() {
    timespec t;
    clock_gettime(measure_cpu_time ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

template <class F>
double best_seconds(F&& f, int repeats = 15) {
    double best = 1e30;
    for (int i = 0; i < repeats; ++i) {
        const double start = now();
        f();
        best = std::min(best, now() - start);
    }
    return best;
}

/// Calls f(n, output pixel, input pixel or -1, tap) for every pair that the convolution joins.
template <class F>
void for_each_pair(const ConvShape& s, F&& f) {
    for (std::int64_t n = 0; n < s.batch; ++n)
        for (std::int64_t a = 0; a < s.out[0]; ++a)
            for (std::int64_t b = 0; b < s.out[1]; ++b)
                for (std::int64_t c = 0; c < s.out[2]; ++c)
                    for (std::int64_t t = 0; t < s.taps(); ++t) {
                        const std::int64_t td = t / (s.kernel[1] * s.kernel[2]);
                        const std::int64_t th = t / s.kernel[2] % s.kernel[1];
                        const std::int64_t tw = t % s.kernel[2];
                        const std::int64_t d = a * s.stride[0] + td * s.dilation[0] - s.pad_lo[0];
                        const std::int64_t h = b * s.stride[1] + th * s.dilation[1] - s.pad_lo[1];
                        const std::int64_t w = c * s.stride[2] + tw * s.dilation[2] - s.pad_lo[2];
                        if (d < 0 || h < 0 || w < 0 || d >= s.in[0] || h >= s.in[1] || w >= s.in[2])
                            continue;
                        f(n * s.out_pixels() + (a * s.out[1] + b) * s.out[2] + c,
                          n * s.in_pixels() + (d * s.in[1] + h) * s.in[2] + w, t);
                    }
}

struct Truth {
    Floats x, f, dy;
    std::vector<double> y, dx, df;
};

Truth truth_of(const ConvShape& s) {
    Truth t{random_floats(s.x_size(), 1),
            random_floats(s.filter_size(), 2),
            random_floats(s.y_size(), 3),
            {},
            {},
            {}};
    t.y.resize(t.dy.size());
    t.dx.resize(t.x.size());
    t.df.resize(t.f.size());
    const std::int64_t cg = s.group_in(), kg = s.group_out();
    for_each_pair(s, [&](std::int64_t out, std::int64_t in, std::int64_t tap) {
        for (std::int64_t g = 0; g < s.groups; ++g)
            for (std::int64_t c = 0; c < cg; ++c)
                for (std::int64_t k = 0; k < kg; ++k) {
                    const auto xi = static_cast<std::size_t>(in * s.in_channels + g * cg + c);
                    const auto yi = static_cast<std::size_t>(out * s.out_channels + g * kg + k);
                    const auto fi =
                        static_cast<std::size_t>((tap * cg + c) * s.out_channels + g * kg + k);
                    t.y[yi] += double{t.x[xi]} * t.f[fi];
                    t.dx[xi] += double{t.dy[yi]} * t.f[fi];
                    t.df[fi] += double{t.dy[yi]} * t.x[xi];
                }
    });
    return t;
}

double worst(const Floats& got, const std::vector<double>& want) {
    double scale = 1e-30, bad = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        scale = std::max(scale, std::abs(want[i]));
        const double e = std::abs(got[i] - want[i]);
        bad = std::isnan(got[i]) ? 1e30 : std::max(bad, e);
    }
    return bad / scale;
}

int failures = 0;
void expect(const std::string& what, double error, double bound) {
    if (!(error <= bound)) {
        ++failures;
        std::printf("FAIL %s: %.3g\n", what.c_str(), error);
    }
}

std::vector<ConvShape> odd_shapes() {
    std::vector<ConvShape> all;
    const auto add = [&](std::int64_t n, std::int64_t c, std::int64_t k, std::int64_t g, Extent3 in,
                         Extent3 kernel, Extent3 stride, Extent3 dilation, Extent3 lo, Extent3 hi) {
        ConvShape s{n, c, k, g, in, {}, kernel, stride, dilation, lo};
        for (std::size_t i = 0; i < 3; ++i)
            s.out[i] = (in[i] + lo[i] + hi[i] - (kernel[i] - 1) * dilation[i] - 1) / stride[i] + 1;
        all.push_back(s);
    };
    add(2, 20, 50, 1, {1, 14, 14}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2});
    add(3, 1, 20, 1, {1, 28, 28}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}, {0, 2, 2});
    add(1, 3, 7, 1, {1, 13, 17}, {1, 3, 3}, {1, 2, 2}, {1, 1, 1}, {0, 0, 1}, {0, 1, 1});
    add(2, 6, 9, 3, {1, 11, 9}, {1, 3, 2}, {1, 1, 2}, {1, 2, 1}, {0, 2, 0}, {0, 2, 1});
    add(1, 5, 11, 1, {7, 6, 5}, {3, 2, 3}, {2, 1, 1}, {1, 2, 1}, {1, 1, 1}, {1, 0, 1});
    add(2, 4, 4, 4, {1, 1, 31}, {1, 1, 5}, {1, 1, 3}, {1, 1, 2}, {0, 0, 3}, {0, 0, 4});
    add(1, 130, 67, 1, {1, 7, 7}, {1, 1, 1}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0});
    add(1, 17, 33, 1, {1, 9, 9}, {1, 1, 1}, {1, 3, 3}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0});
    add(1, 256, 40, 1, {1, 5, 6}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1});
    add(2, 3, 5, 1, {1, 8, 8}, {1, 2, 2}, {1, 3, 3}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0});
    add(3, 19, 21, 1, {1, 13, 11}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 0}, {0, 0, 2});
    add(2, 9, 100, 1, {1, 9, 23}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 0, 4}, {0, 3, 1});
    add(1, 100, 9, 1, {1, 9, 23}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}, {0, 0, 0});
    add(1, 8, 16, 1, {1, 300, 2}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1});
    add(1, 24, 320, 1, {1, 8, 8}, {1, 3, 3}, {1, 1, 1}, {1, 1, 1}, {0, 1, 1}, {0, 1, 1});
    return all;
}

std::string name_of(const ConvShape& s) {
    char text[160];
    std::snprintf(text, sizeof text, "n%d %dx%dx%dx%d k%dx%dx%d -> %d g%d s%d,%d,%d", int(s.batch),
                  int(s.in[0]), int(s.in[1]), int(s.in[2]), int(s.in_channels), int(s.kernel[0]),
                  int(s.kernel[1]), int(s.kernel[2]), int(s.out_channels), int(s.groups),
                  int(s.stride[0]), int(s.stride[1]), int(s.stride[2]));
    return text;
}

void run_plans(const std::vector<GatherPlan>& plans, const float* source, const float* filter,
               float* target, const Parallel& parallel) {
    std::int64_t bytes = 0;
    for (const auto& plan : plans)
        bytes = std::max(bytes, plan.workspace_bytes(parallel.workers()));
    const Workspace workspace(bytes);
    for (const auto& plan : plans)
        plan.run(source, filter, target, Epilogue{}, workspace.data, parallel);
}

void check_winograd(const ConvShape& s, WinogradKind kind, const Truth& t,
                    const Parallel& parallel) {
    const std::string name = "winograd f" + std::to_string(kind.tile) + "x" +
                             std::to_string(kind.kernel) + " " + name_of(s);
    Floats y(t.dy.size(), NAN), dx(t.x.size(), NAN), df(t.f.size(), NAN);
    const auto forward = WinogradPlan::forward(s, kind);
    const Workspace w1(forward.workspace_bytes(parallel.workers()));
    forward.run(t.x.data(), t.f.data(), y.data(), Epilogue{}, w1.data, parallel);
    expect(name + " forward", worst(y, t.y), 1e-4);
    const auto backward = WinogradPlan::backward_data(s, kind);
    const Workspace w2(backward.workspace_bytes(parallel.workers()));
    backward.run(t.dy.data(), t.f.data(), dx.data(), Epilogue{}, w2.data, parallel);
    expect(name + " backward_data", worst(dx, t.dx), 1e-4);
    const WinogradFilterPlan gradient(s, kind);
    const Workspace w3(gradient.workspace_bytes(parallel.workers()));
    gradient.run(t.x.data(), t.dy.data(), df.data(), w3.data, parallel);
    expect(name + " backward_filter", worst(df, t.df), 1e-4);
}

void check_gemm(const Parallel& parallel) {
    for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 7, 5},
                                  {1, 100, 33},
                                  {5, 1, 9},
                                  {127, 61, 401},
                                  {67, 131, 200},
                                  {13, 24, 1},
                                  {300, 49, 77}})
        for (int transposes = 0; transposes < 4; ++transposes) {
            const GemmShape s{m, n, k, (transposes & 1) != 0, (transposes & 2) != 0};
            const Floats a = random_floats(m * k, 1), b = random_floats(k * n, 2);
            std::vector<double> want(static_cast<std::size_t>(m * n));
            for (std::int64_t i = 0; i < m; ++i)
                for (std::int64_t j = 0; j < n; ++j)
                    for (std::int64_t l = 0; l < k; ++l)
                        want[static_cast<std::size_t>(i * n + j)] +=
                            double{a[static_cast<std::size_t>(s.transpose_a ? l * m + i
                                                                            : i * k + l)]} *
                            b[static_cast<std::size_t>(s.transpose_b ? j * k + l : l * n + j)];
            const std::string name = "gemm " + std::to_string(m) + "x" + std::to_string(n) + "x" +
                                     std::to_string(k) + " " + std::to_string(transposes);
            Floats y(want.size(), NAN), z(want.size(), NAN);
            const PackedGemmPlan plan(s);
            const Workspace w(plan.workspace_bytes(parallel.workers()));
            plan.run(a.data(), b.data(), y.data(), Epilogue{}, w.data, parallel);
            expect("packed " + name, worst(y, want), 1e-5);
            run_blas_gemm({cblas_sgemm, cblas_sgemv}, s, 1, 0, a.data(), b.data(), z.data(),
                          parallel);
            expect("blas " + name, worst(z, want), 1e-5);
        }
}

/// However many workers the work is cut for, the bits are the same.
void check_cuts(const ConvShape& s, const Truth& t, const Parallel& parallel) {
    const auto differs = [&](const std::string& what, const Floats& one, const Floats& other) {
        expect(what + " " + name_of(s), one == other ? 0.0 : 1.0, 0.0);
    };
    const auto forward = [&](std::int64_t workers) {
        Floats y(t.dy.size(), NAN);
        run_plans({GatherPlan::forward(s, workers)}, t.x.data(), t.f.data(), y.data(), parallel);
        return y;
    };
    const auto backward = [&](std::int64_t workers) {
        Floats dx(t.x.size(), NAN);
        run_plans(GatherPlan::backward_data(s, workers), t.dy.data(), t.f.data(), dx.data(),
                  parallel);
        return dx;
    };
    const auto filter_gradient = [&](std::int64_t workers) {
        Floats df(t.f.size(), NAN);
        const FilterGradientPlan plan(s, workers);
        const Workspace workspace(plan.workspace_bytes(parallel.workers()));
        plan.run(t.x.data(), t.dy.data(), df.data(), workspace.data, parallel);
        return df;
    };
    const auto winograd = [&](WinogradKind kind, std::int64_t workers) {
        Floats y(t.dy.size(), NAN);
        const auto plan = WinogradPlan::forward(s, kind, workers);
        const Workspace workspace(plan.workspace_bytes(parallel.workers()));
        plan.run(t.x.data(), t.f.data(), y.data(), Epilogue{}, workspace.data, parallel);
        return y;
    };
    for (const std::int64_t workers : {2, 3, 16}) {
        const std::string cut = " cut for " + std::to_string(workers);
        differs("forward" + cut, forward(1), forward(workers));
        differs("backward_data" + cut, backward(1), backward(workers));
        differs("backward_filter" + cut, filter_gradient(1), filter_gradient(workers));
        for (const WinogradKind kind : {winograd_f2x3, winograd_f4x3, winograd_f2x5, winograd_f4x5})
            if (winograd_refusal(s, kind) == nullptr)
                differs("winograd" + cut, winograd(kind, 1), winograd(kind, workers));
    }
}

void check(const Parallel& parallel) {
    for (const ConvShape& s : odd_shapes()) {
        const Truth t = truth_of(s);
        Floats y(t.dy.size(), NAN), dx(t.x.size(), NAN);
        run_plans({GatherPlan::forward(s)}, t.x.data(), t.f.data(), y.data(), parallel);
        expect("forward " + name_of(s), worst(y, t.y), 1e-5);
        run_plans(GatherPlan::backward_data(s), t.dy.data(), t.f.data(), dx.data(), parallel);
        expect("backward_data " + name_of(s), worst(dx, t.dx), 1e-5);
        const FilterGradientPlan gradient(s);
        const Workspace workspace(gradient.workspace_bytes(parallel.workers()));
        Floats df(t.f.size(), NAN);
        gradient.run(t.x.data(), t.dy.data(), df.data(), workspace.data, parallel);
        expect("backward_filter " + name_of(s), worst(df, t.df), 1e-5);
        for (const WinogradKind kind : {winograd_f2x3, winograd_f4x3, winograd_f2x5, winograd_f4x5})
            if (winograd_refusal(s, kind) == nullptr)
                check_winograd(s, kind, t, parallel);
        check_cuts(s, t, parallel);
    }
    check_gemm(parallel);
    std::printf("%d failures\n", failures);
}

void report(const char* what, double flops, double seconds) {
    std::printf("%-34s %8.3f ms %8.1f GFLOP/s\n", what, seconds * 1e3, flops / seconds * 1e-9);
}

void bench_winograd(const std::string& name, const ConvShape& s, WinogradKind kind,
                    const Parallel& parallel) {
    const std::string label =
        name + " winograd f" + std::to_string(kind.tile) + "x" + std::to_string(kind.kernel);
    const Floats x = random_floats(s.x_size(), 1), f = random_floats(s.filter_size(), 2),
                 dy = random_floats(s.y_size(), 3);
    Floats y(dy.size()), dx(x.size()), df(f.size());
    const auto forward = WinogradPlan::forward(s, kind);
    const auto backward = WinogradPlan::backward_data(s, kind);
    const WinogradFilterPlan gradient(s, kind);
    const Workspace w1(forward.workspace_bytes(parallel.workers()));
    const Workspace w2(backward.workspace_bytes(parallel.workers()));
    const Workspace w3(gradient.workspace_bytes(parallel.workers()));
    report((label + " forward").c_str(), s.flops(), best_seconds([&] {
               forward.run(x.data(), f.data(), y.data(), Epilogue{}, w1.data, parallel);
           }));
    report((label + " backward_data").c_str(), s.flops(), best_seconds([&] {
               backward.run(dy.data(), f.data(), dx.data(), Epilogue{}, w2.data, parallel);
           }));
    report((label + " backward_filter").c_str(), s.flops(),
           best_seconds([&] { gradient.run(x.data(), dy.data(), df.data(), w3.data, parallel); }));
}

void bench(const Parallel& parallel) {
    const ConvShape conv1{128,         1,         20,        1,         {1, 28, 28},
                          {1, 28, 28}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}};
    const ConvShape conv2{128,         20,        50,        1,         {1, 14, 14},
                          {1, 14, 14}, {1, 5, 5}, {1, 1, 1}, {1, 1, 1}, {0, 2, 2}};
    for (const auto& [name, s] : {std::pair{"conv1", conv1}, std::pair{"conv2", conv2}}) {
        const Floats x = random_floats(s.x_size(), 1), f = random_floats(s.filter_size(), 2),
                     dy = random_floats(s.y_size(), 3);
        Floats y(dy.size()), dx(x.size()), df(f.size());
        const auto forward = GatherPlan::forward(s);
        const Workspace w1(forward.workspace_bytes(parallel.workers()));
        report((std::string(name) + " forward").c_str(), s.flops(), best_seconds([&] {
                   forward.run(x.data(), f.data(), y.data(), Epilogue{}, w1.data, parallel);
               }));
        const auto backward = GatherPlan::backward_data(s).front();
        const Workspace w2(backward.workspace_bytes(parallel.workers()));
        report((std::string(name) + " backward_data").c_str(), s.flops(), best_seconds([&] {
                   backward.run(dy.data(), f.data(), dx.data(), Epilogue{}, w2.data, parallel);
               }));
        const FilterGradientPlan gradient(s);
        const Workspace w3(gradient.workspace_bytes(parallel.workers()));
        report((std::string(name) + " backward_filter").c_str(), s.flops(), best_seconds([&] {
                   gradient.run(x.data(), dy.data(), df.data(), w3.data, parallel);
               }));
        for (const WinogradKind kind : {winograd_f2x3, winograd_f4x3, winograd_f2x5, winograd_f4x5})
            if (winograd_refusal(s, kind) == nullptr)
                bench_winograd(name, s, kind, parallel);
    }
    for (const auto& product : {std::pair{"dense forward", GemmShape{128, 500, 2450}},
                                std::pair{"dense dx", GemmShape{128, 2450, 500, false, true}},
                                std::pair{"dense dw", GemmShape{2450, 500, 128, true, false}},
                                std::pair{"conv2 forward as product", GemmShape{25088, 50, 500}},
                                std::pair{"square 1024", GemmShape{1024, 1024, 1024}}}) {
        const std::string name = product.first;
        const GemmShape& g = product.second;
        const Floats a = random_floats(g.m * g.k, 1), b = random_floats(g.k * g.n, 2);
        Floats y(static_cast<std::size_t>(g.m * g.n));
        const PackedGemmPlan plan(g);
        const Workspace w(plan.workspace_bytes(parallel.workers()));
        report((name + " packed").c_str(), g.flops(), best_seconds([&] {
                   plan.run(a.data(), b.data(), y.data(), Epilogue{}, w.data, parallel);
               }));
        report((name + " blas").c_str(), g.flops(), best_seconds([&] {
                   run_blas_gemm({cblas_sgemm, cblas_sgemv}, g, 1, 0, a.data(), b.data(), y.data(),
                                 parallel);
               }));
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "bench";
    const int threads = argc > 2 ? std::atoi(argv[2]) : 2;
    measure_cpu_time = threads == 1;
    openblas_set_num_threads(1);
    Pool pool(threads);
    const Parallel parallel = pool.parallel();
    if (mode == "check")
        check(parallel);
    else
        bench(parallel);
    return failures == 0 ? 0 : 1;
}
