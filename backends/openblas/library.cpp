#include "library.hpp"

#include "lamina/plugin/kernel.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace lamina::cpu {
namespace {

constexpr const char* file = "libopenblas.so.0";
constexpr const char* threads_variable = "OPENBLAS_NUM_THREADS";
constexpr const char* core_variable = "OPENBLAS_CORETYPE";
constexpr std::int64_t most_threads = 64;                    ///< fewer than OpenBLAS has places for
constexpr std::size_t buffer_bytes = std::size_t{129} << 20; ///< with what the allocator adds

/// Sets an environment variable for as long as it lives.
class EnvironmentVariable {
  public:
    EnvironmentVariable(const char* name, const char* value) : name_{name} {
        if (const char* before = std::getenv(name))
            before_ = before;
        setenv(name, value, 1);
    }
    ~EnvironmentVariable() {
        if (before_)
            setenv(name_, before_->c_str(), 1);
        else
            unsetenv(name_);
    }
    EnvironmentVariable(const EnvironmentVariable&) = delete;
    EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

  private:
    const char* name_;
    std::optional<std::string> before_;
};

/// The kernels that OpenBLAS should have taken where it took those of an age before AVX2, as it
/// does on a processor that it does not know by its number; NULL where its choice is good, or the
/// user's.
const char* better_core([[maybe_unused]] const std::string& chosen) {
#if defined(__x86_64__)
    static const char* const old[] = {"Prescott", "Core2", "Penryn", "Nehalem", "Sandybridge"};
    if (std::getenv(core_variable) != nullptr ||
        std::none_of(std::begin(old), std::end(old), [&](const char* o) { return chosen == o; }))
        return nullptr;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return "SkylakeX";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return "Haswell";
#endif
    return nullptr;
}

bool has_room(std::size_t bytes) {
    void* room =
        mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return false;
    munmap(room, bytes);
    return true;
}

class Library {
  public:
    void load() {
        const std::lock_guard lock(mutex_);
        if (blas_.sgemm != nullptr)
            return;
        const EnvironmentVariable one(threads_variable, "1");
        open();
        if (const char* core = better_core(library_.get<char*()>("openblas_get_corename")())) {
            const EnvironmentVariable better(core_variable, core);
            library_.unload();
            open();
        }
        // Where the process had it already, with threads: ours are the engine's.
        library_.get<void(int)>("openblas_set_num_threads")(1);
        blas_ = {&library_.get<std::remove_pointer_t<decltype(Blas::sgemm)>>("cblas_sgemm"),
                 &library_.get<std::remove_pointer_t<decltype(Blas::sgemv)>>("cblas_sgemv")};
        if (own_buffers())
            reserve(
                1); // while there is room: the C library's memory for each thread is still to come
    }

    OpenBlas for_threads(std::int64_t threads) {
        load();
        const std::lock_guard lock(mutex_);
        if (!own_buffers())
            return {blas_, threads};
        threads = std::min(threads, most_threads);
        reserve(threads);
        if (reserved_ == 0)
            throw plugin::Error(LM_OUT_OF_MEMORY,
                                "OpenBLAS takes 128 MiB of address space, and there is no room for "
                                "them: raise the limit (ulimit -v)");
        return {blas_, std::min(threads, reserved_)};
    }

  private:
    void open() {
        boost::dll::fs::error_code error;
        library_.load(file, error, boost::dll::load_mode::search_system_folders);
        if (error)
            plugin::unsupported(
                std::string("it needs ") + file +
                ", which cannot be loaded (Debian: libopenblas0-pthread): " + error.message());
    }

    /// Whether it has the functions that take and give back its buffers under their usual names.
    bool own_buffers() const { return library_.has("blas_memory_alloc"); }

    /// A buffer that OpenBLAS is given back it keeps for the next product.
    void reserve(std::int64_t threads) {
        if (threads <= reserved_)
            return;
        auto& take = library_.get<void*(int)>("blas_memory_alloc");
        auto& give_back = library_.get<void(void*)>("blas_memory_free");
        std::vector<void*> taken;
        while (static_cast<std::int64_t>(taken.size()) < threads &&
               (static_cast<std::int64_t>(taken.size()) < reserved_ || has_room(buffer_bytes)))
            taken.push_back(take(0));
        for (void* buffer : taken)
            give_back(buffer);
        reserved_ = std::max(reserved_, static_cast<std::int64_t>(taken.size()));
    }

    std::mutex mutex_;
    boost::dll::shared_library library_;
    Blas blas_{};
    std::int64_t reserved_ = 0;
};
Library library;

} // namespace

void load_openblas() { library.load(); }
OpenBlas openblas(std::int64_t threads) { return library.for_threads(threads); }

} // namespace lamina::cpu
