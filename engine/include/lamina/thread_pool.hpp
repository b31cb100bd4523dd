#pragma once

#include "lamina/export.hpp"
#include "lamina/function_ref.hpp"

#include <cstdint>
#include <memory>

namespace lamina {

/// Threads that share out loops. Meant for many short loops (tens of microseconds): the threads
/// spin for a short while before they sleep.
class LAMINA_API ThreadPool {
  public:
    /// The calling thread counts: a pool of 1 starts no thread, a pool of n starts n - 1.
    /// Throws UsageError when threads < 1.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const;

    /// Waits for a running loop, then starts or ends threads.
    void set_threads(int threads);

    using Body = FunctionRef<void(std::int64_t begin, std::int64_t end)>;

    /// Calls body for [0, grain), [grain, 2 grain), ... until n, each once, in any order, and
    /// returns when all are done. The split depends on n and grain alone, never on the number of
    /// threads, so that sums within a chunk have the same bits for any --threads.
    ///
    /// The caller takes part. A call from within a body, or while another thread's loop runs in
    /// this pool, goes through its chunks on the calling thread. When bodies throw, chunks not yet
    /// begun are left out and the exception of the lowest chunk that throws reaches the caller.
    void parallel_for(std::int64_t n, std::int64_t grain, Body body);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The pool that the engine, the backends and the plugins share. Starts with available_cpus()
/// threads at its first use.
LAMINA_API ThreadPool& default_pool();

/// What --threads sets, before or after the first use. Throws UsageError when threads < 1.
LAMINA_API void set_threads(int threads);

/// The processors that this process may use: its affinity mask, and its control group's quota
/// rounded up. At least 1.
LAMINA_API int available_cpus();

} // namespace lamina
