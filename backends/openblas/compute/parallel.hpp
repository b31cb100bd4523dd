#pragma once

// How a kernel spreads its work: over numbered tasks whose extent depends on shapes only, so that
// the result has the same bits whatever the number of workers.

#include <atomic>
#include <cstdint>
#include <type_traits>

namespace lamina::cpu {

/// A pool of workers, as a kernel sees it. Copyable, owns nothing.
class Parallel {
  public:
    using Body = void (*)(void* context, std::int64_t worker);
    /// Calls body(context, worker) once for each worker in [0, workers) and waits for all of them.
    using Launch = void (*)(void* pool, std::int64_t workers, Body body, void* context);

    Parallel() = default;
    Parallel(std::int64_t workers, Launch launch, void* pool)
        : workers_{workers}, launch_{launch}, pool_{pool} {}

    std::int64_t workers() const { return workers_; }

    /// Calls f(task, worker) for each task in [0, tasks). A worker runs one task at a time, so
    /// that scratch memory is indexed by worker. f must not throw.
    template <class F>
    void run(std::int64_t tasks, F&& f) const {
        if (tasks <= 0)
            return;
        const std::int64_t workers = tasks < workers_ ? tasks : workers_;
        if (workers <= 1 || launch_ == nullptr) {
            for (std::int64_t task = 0; task < tasks; ++task)
                f(task, std::int64_t{0});
            return;
        }
        using Function = std::remove_reference_t<F>;
        struct Shared {
            Function* f;
            std::int64_t tasks;
            std::atomic<std::int64_t> next;
        } shared{&f, tasks, {0}};
        launch_(
            pool_, workers,
            [](void* context, std::int64_t worker) {
                auto& s = *static_cast<Shared*>(context);
                for (std::int64_t task = s.next.fetch_add(1, std::memory_order_relaxed);
                     task < s.tasks; task = s.next.fetch_add(1, std::memory_order_relaxed))
                    (*s.f)(task, worker);
            },
            &shared);
    }

    /// Calls f(begin, end) over [0, count) in ranges of at most `grain` elements.
    template <class F>
    void range(std::int64_t count, std::int64_t grain, F&& f) const {
        run((count + grain - 1) / grain, [&](std::int64_t task, std::int64_t) {
            const std::int64_t begin = task * grain;
            f(begin, begin + grain < count ? begin + grain : count);
        });
    }

  private:
    std::int64_t workers_ = 1;
    Launch launch_ = nullptr;
    void* pool_ = nullptr;
};

} // namespace lamina::cpu
