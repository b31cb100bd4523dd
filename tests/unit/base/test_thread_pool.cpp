#include "lamina/error.hpp"
#include "lamina/thread_pool.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <ctime>
#include <mutex>
#include <thread>
#include <vector>

using namespace lamina;

namespace {

using Split = std::vector<std::pair<std::int64_t, std::int64_t>>;

Split split(ThreadPool& pool, std::int64_t n, std::int64_t grain) {
    Split result;
    std::mutex mutex;
    pool.parallel_for(n, grain, [&](std::int64_t begin, std::int64_t end) {
        const std::lock_guard lock(mutex);
        result.emplace_back(begin, end);
    });
    std::sort(result.begin(), result.end());
    return result;
}

double cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

} // namespace

TEST_CASE("thread pool: the split is the same for 1, 2 and 8 threads") {
    ThreadPool one(1);
    ThreadPool two(2);
    ThreadPool eight(8);
    for (const std::int64_t n : {0, 1, 7, 64, 1000, 1001})
        for (const std::int64_t grain : {1, 3, 64, 5000}) {
            Split expected;
            for (std::int64_t begin = 0; begin < n; begin += grain)
                expected.emplace_back(begin, std::min(begin + grain, n));
            CHECK(split(one, n, grain) == expected);
            CHECK(split(two, n, grain) == expected);
            CHECK(split(eight, n, grain) == expected);
        }
}

TEST_CASE("thread pool: a grain below one counts as one, a negative length does nothing") {
    ThreadPool pool(2);
    CHECK(split(pool, 3, 0).size() == 3);
    CHECK(split(pool, -5, 1).empty());
    CHECK_THROWS_WITH(ThreadPool(0), "the number of threads must be at least 1, got 0");
    CHECK_THROWS_AS(pool.set_threads(-1), UsageError);
}

TEST_CASE("thread pool: two threads really run at once") {
    ThreadPool pool(2);
    std::atomic<int> arrived{0};
    pool.parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
        arrived.fetch_add(1);
        while (arrived.load() < 2) // each chunk waits for the other: one thread would hang
            std::this_thread::yield();
    });
    CHECK(arrived.load() == 2);
}

TEST_CASE("thread pool: a loop within a loop runs on its own thread") {
    ThreadPool pool(4);
    std::atomic<int> count{0};
    std::atomic<bool> moved{false};
    pool.parallel_for(8, 1, [&](std::int64_t, std::int64_t) {
        const auto self = std::this_thread::get_id();
        pool.parallel_for(8, 1, [&](std::int64_t, std::int64_t) {
            count.fetch_add(1);
            if (std::this_thread::get_id() != self)
                moved.store(true);
        });
    });
    CHECK(count.load() == 64);
    CHECK_FALSE(moved.load());
}

TEST_CASE("thread pool: an exception reaches the caller, and the pool goes on working") {
    ThreadPool pool(3);
    for (int round = 0; round < 100; ++round) {
        try {
            pool.parallel_for(100, 1, [](std::int64_t begin, std::int64_t) {
                if (begin >= 10)
                    throw std::runtime_error("chunk " + std::to_string(begin));
            });
            FAIL("no exception");
        } catch (const std::runtime_error& error) {
            // Chunks are claimed in order, so the lowest that throws always runs.
            CHECK(std::string(error.what()) == "chunk 10");
        }
    }
    CHECK(split(pool, 10, 1).size() == 10);
}

TEST_CASE("thread pool: many short loops each do all their work once") {
    ThreadPool pool(4);
    std::vector<int> touched(257);
    for (int round = 1; round <= 20000; ++round) {
        const std::int64_t n = round % 257 + 1;
        pool.parallel_for(n, 1 + round % 5, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                ++touched[static_cast<std::size_t>(i)];
        });
        for (std::int64_t i = 0; i < n; ++i)
            if (touched[static_cast<std::size_t>(i)] != 1)
                FAIL("element " << i << " of round " << round << " was done "
                                << touched[static_cast<std::size_t>(i)] << " times");
        std::fill(touched.begin(), touched.end(), 0);
    }
}

TEST_CASE("thread pool: several threads may call one pool at once") {
    ThreadPool pool(3);
    std::atomic<std::int64_t> total{0};
    std::vector<std::thread> callers;
    for (int c = 0; c < 4; ++c)
        callers.emplace_back([&] {
            for (int round = 0; round < 2000; ++round)
                pool.parallel_for(50, 7, [&](std::int64_t begin, std::int64_t end) {
                    total.fetch_add(end - begin);
                });
        });
    for (std::thread& caller : callers)
        caller.join();
    CHECK(total.load() == 4 * 2000 * 50);
}

TEST_CASE("thread pool: the number of threads may change between loops, not within one") {
    ThreadPool pool(1);
    for (const int threads : {2, 5, 1, 3}) {
        pool.set_threads(threads);
        CHECK(pool.threads() == threads);
        CHECK(split(pool, 100, 9).size() == 12);
    }
    CHECK_THROWS_AS(
        pool.parallel_for(2, 1, [&](std::int64_t, std::int64_t) { pool.set_threads(4); }),
        UsageError);
}

TEST_CASE("thread pool: workers wake up after they fell asleep") {
    ThreadPool pool(2);
    for (int round = 0; round < 5; ++round) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        std::atomic<int> arrived{0};
        pool.parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
            arrived.fetch_add(1);
            while (arrived.load() < 2)
                std::this_thread::yield();
        });
        CHECK(arrived.load() == 2);
    }
}

TEST_CASE("thread pool: an idle pool takes no processor time") {
    ThreadPool pool(4);
    CHECK(split(pool, 100, 1).size() == 100);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const double before = cpu_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    CHECK(cpu_seconds() - before < 0.02);
}

TEST_CASE("thread pool: this process may use at least one processor") {
    CHECK(available_cpus() >= 1);
    CHECK(available_cpus() <= static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}
