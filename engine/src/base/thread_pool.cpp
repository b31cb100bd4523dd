#include "lamina/thread_pool.hpp"

#include "base/start_thread.hpp"
#include "lamina/error.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace lamina {
namespace {

// True on a thread while it runs a body, of whichever pool: loops within loops stay on their
// thread.
thread_local bool inside_body = false;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#else
    std::this_thread::yield();
#endif
}

using Clock = std::chrono::steady_clock;

// Waking a sleeping thread costs 20 to 60 us, which is as much as a short loop takes, and the gaps
// between the loops of a training step stay well below a millisecond. Past the first stretch the
// thread yields, so that a machine with fewer free cores than threads is not held up.
constexpr auto kSpinHard = std::chrono::microseconds(50);
constexpr auto kSpin = std::chrono::microseconds(1000);

/// Spins until ready() or for kSpin; true when ready.
template <typename Ready>
bool spin_until(Ready ready) {
    const Clock::time_point start = Clock::now();
    for (;;) {
        for (int i = 0; i < 64; ++i) {
            if (ready())
                return true;
            relax();
        }
        const auto waited = Clock::now() - start;
        if (waited > kSpin)
            return ready();
        if (waited > kSpinHard)
            std::this_thread::yield();
    }
}

struct InsideBody {
    InsideBody() : before(inside_body) { inside_body = true; }
    ~InsideBody() { inside_body = before; }
    InsideBody(const InsideBody&) = delete;
    InsideBody& operator=(const InsideBody&) = delete;
    const bool before;
};

void run_inline(std::int64_t n, std::int64_t grain, ThreadPool::Body body) {
    const InsideBody mark;
    for (std::int64_t begin = 0; begin < n; begin += std::min(grain, n - begin))
        body(begin, begin + std::min(grain, n - begin));
}

} // namespace

// One loop at a time is published in `ticket`: its number in the upper half, the count of chunks
// not yet claimed in the lower. A thread claims a chunk by compare-and-swap, so a thread that comes
// late, when that loop is over and even when another has begun, can never touch a stale one. Having
// claimed a chunk, it may read the loop's fields: they stand until `pending` falls to zero.
struct ThreadPool::State {
    std::atomic<int> threads{1};
    std::mutex owner; // held by the thread whose loop is published
    static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
    std::vector<std::jthread> workers; // threads - 1 of them, from the first shared loop on

    alignas(64) std::atomic<std::uint64_t> ticket{0};
    alignas(64) std::atomic<std::int64_t> pending{0};

    alignas(64) std::int64_t n = 0;
    std::int64_t grain = 1;
    std::int64_t chunks = 0;
    const Body* body = nullptr;

    // The lowest chunk that threw. Higher ones are left out, lower ones are not, so that it does
    // not depend on timing which exception the caller sees.
    alignas(64) std::atomic<std::int64_t> failed_chunk{kNone};
    std::mutex failure_mutex;
    std::exception_ptr failure;

    std::mutex sleep_mutex;
    std::condition_variable wake;   // the workers sleep here
    std::condition_variable finish; // the owner sleeps here
    std::atomic<int> sleepers{0};
    std::atomic<bool> owner_sleeps{false};
    std::atomic<bool> stop{false};

    static std::uint32_t unclaimed(std::uint64_t t) { return static_cast<std::uint32_t>(t); }

    void run_chunk(std::int64_t chunk) {
        if (chunk < failed_chunk.load(std::memory_order_relaxed)) {
            const std::int64_t begin = chunk * grain;
            try {
                (*body)(begin, begin + std::min(grain, n - begin));
            } catch (...) {
                const std::lock_guard lock(failure_mutex);
                if (chunk < failed_chunk.load()) {
                    failure = std::current_exception();
                    failed_chunk.store(chunk);
                }
            }
        }
        if (pending.fetch_sub(1) == 1 && owner_sleeps.load()) {
            const std::lock_guard lock(sleep_mutex);
            finish.notify_one();
        }
    }

    void work() {
        const InsideBody mark;
        std::uint64_t t = ticket.load(std::memory_order_acquire);
        while (unclaimed(t) != 0)
            if (ticket.compare_exchange_weak(t, t - 1, std::memory_order_acq_rel,
                                             std::memory_order_acquire)) {
                run_chunk(chunks - unclaimed(t));
                t = ticket.load(std::memory_order_acquire);
            }
    }

    void worker() {
        const auto called = [this] { return unclaimed(ticket.load()) != 0 || stop.load(); };
        while (!stop.load()) {
            if (!spin_until(called)) {
                std::unique_lock lock(sleep_mutex);
                // Sequentially consistent against publish(): either this thread sees the new
                // ticket, or the publisher sees this sleeper.
                sleepers.fetch_add(1);
                wake.wait(lock, called);
                sleepers.fetch_sub(1);
            }
            work();
        }
    }

    void wake_workers() {
        if (sleepers.load() > 0) {
            const std::lock_guard lock(sleep_mutex);
            wake.notify_all();
        }
    }

    void publish(std::int64_t count, std::int64_t size, const Body& function) {
        n = count;
        grain = size;
        chunks = (count - 1) / size + 1;
        body = &function;
        failed_chunk.store(kNone, std::memory_order_relaxed);
        pending.store(chunks, std::memory_order_relaxed);
        const std::uint64_t number = (ticket.load(std::memory_order_relaxed) >> 32) + 1;
        ticket.store((number << 32) | static_cast<std::uint64_t>(chunks));
        wake_workers();
    }

    void wait_for_all() {
        const auto done = [this] { return pending.load() == 0; };
        if (done() || spin_until(done))
            return;
        std::unique_lock lock(sleep_mutex);
        owner_sleeps.store(true);
        finish.wait(lock, done);
        owner_sleeps.store(false);
    }

    void start() {
        while (workers.size() + 1 < static_cast<std::size_t>(threads.load()))
            workers.push_back(start_thread([this] { worker(); }));
    }

    void end() {
        stop.store(true);
        {
            const std::lock_guard lock(sleep_mutex);
            wake.notify_all();
        }
        workers.clear(); // joins them
        stop.store(false);
    }
};

namespace {

int checked(int threads) {
    if (threads < 1)
        throw UsageError("the number of threads must be at least 1, got " +
                         std::to_string(threads));
    return threads;
}

} // namespace

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
    state_->threads.store(checked(threads));
}

ThreadPool::~ThreadPool() { state_->end(); }

int ThreadPool::threads() const { return state_->threads.load(); }

void ThreadPool::set_threads(int threads) {
    checked(threads);
    if (inside_body)
        throw UsageError("the number of threads cannot change within a parallel loop");
    const std::lock_guard lock(state_->owner);
    if (threads == state_->threads.load())
        return;
    state_->end();
    state_->threads.store(threads);
}

void ThreadPool::parallel_for(std::int64_t n, std::int64_t grain, Body body) {
    if (n <= 0)
        return;
    grain = std::max<std::int64_t>(grain, 1);
    if (n <= grain) {
        body(0, n); // loops within it may still be shared out
        return;
    }
    State& s = *state_;
    // The ticket counts chunks in 32 bits; more than that is a loop nobody can mean to share out.
    const bool share =
        !inside_body && s.threads.load() > 1 && (n - 1) / grain < 0xffffffff && s.owner.try_lock();
    if (!share) {
        run_inline(n, grain, body);
        return;
    }
    const std::lock_guard lock(s.owner, std::adopt_lock);
    s.start();
    s.publish(n, grain, body);
    s.work();
    s.wait_for_all();
    if (s.failure)
        std::rethrow_exception(std::exchange(s.failure, nullptr));
}

ThreadPool& default_pool() {
    static ThreadPool pool(available_cpus());
    return pool;
}

void set_threads(int threads) { default_pool().set_threads(threads); }

} // namespace lamina
