// Runs single kernels of a backend library as the engine would, without the engine: a host table
// of the tests' own, nodes written by hand.
#pragma once

#include <dlfcn.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "lamina/plugin/kernel.hpp"

namespace lamina::test {

using plugin::Dims;

/// A tensor of one of the types that the tests use, with its bytes.
struct Tensor {
    lm_dtype dtype = LM_F32;
    Dims dims;
    std::vector<char> bytes;

    Tensor(lm_dtype type, Dims shape)
        : dtype{type}, dims{std::move(shape)},
          bytes(static_cast<std::size_t>(plugin::elements(dims) * plugin::size_of(type))) {}

    std::int64_t size() const { return plugin::elements(dims); }
    template <class T = float>
    T* data() {
        return reinterpret_cast<T*>(bytes.data());
    }
    template <class T = float>
    const T* data() const {
        return reinterpret_cast<const T*>(bytes.data());
    }
};

/// Multiples of 1/8 in [-2, 2): sums of products of a few hundred are exact in float.
inline Tensor numbers(Dims dims, unsigned seed) {
    Tensor t(LM_F32, std::move(dims));
    std::uint64_t s = seed * 0x9e3779b97f4a7c15ull + 1;
    for (std::int64_t i = 0; i < t.size(); ++i) {
        s = s * 6364136223846793005ull + 1442695040888963407ull;
        t.data()[i] = static_cast<float>(static_cast<std::int64_t>(s >> 59) - 16) / 8.0f;
    }
    return t;
}

/// Spread over (-1, 1), all 24 bits used.
inline Tensor fractions(Dims dims, unsigned seed) {
    Tensor t(LM_F32, std::move(dims));
    std::uint64_t s = seed * 0x9e3779b97f4a7c15ull + 1;
    for (std::int64_t i = 0; i < t.size(); ++i) {
        s = s * 6364136223846793005ull + 1442695040888963407ull;
        t.data()[i] = static_cast<float>(static_cast<std::int64_t>(s >> 40) - (1 << 23)) * 0x1p-23f;
    }
    return t;
}

inline Tensor integers(Dims dims, const std::vector<std::int64_t>& values) {
    Tensor t(LM_I64, std::move(dims));
    std::copy(values.begin(), values.end(), t.data<std::int64_t>());
    return t;
}

struct Attribute {
    Attribute(const char* name_, std::int64_t v) : name{name_}, kind{LM_ATTR_INT}, i{v} {}
    Attribute(const char* name_, int v) : Attribute(name_, std::int64_t{v}) {}
    Attribute(const char* name_, bool v) : name{name_}, kind{LM_ATTR_BOOL}, i{v} {}
    Attribute(const char* name_, double v) : name{name_}, kind{LM_ATTR_FLOAT}, f{v} {}
    Attribute(const char* name_, const char* v) : name{name_}, kind{LM_ATTR_STRING}, s{v} {}
    Attribute(const char* name_, Dims v) : name{name_}, kind{LM_ATTR_INTS}, ints{std::move(v)} {}

    std::string name;
    lm_attr_kind kind;
    std::int64_t i = 0;
    double f = 0;
    std::string s;
    Dims ints;
};

/// A node over the tests' tensors. Outputs are types: their bytes belong to each run.
struct TestNode {
    std::string op;
    std::vector<Attribute> attributes;
    std::vector<Tensor> inputs;
    std::vector<Tensor> outputs;
};

/// The C structs that describe a node, alive as long as it is looked at.
class Described {
  public:
    explicit Described(const TestNode& node) {
        for (const Attribute& a : node.attributes) {
            lm_attr& out = attrs_.emplace_back();
            out.struct_size = sizeof out;
            out.kind = a.kind;
            out.name = a.name.c_str();
            out.i = a.i;
            out.f = a.f;
            out.s = a.s.c_str();
            out.ints = a.ints.data();
            out.count = a.ints.size();
            attr_pointers_.push_back(&out);
        }
        for (const Tensor& t : node.inputs)
            input_pointers_.push_back(&describe(t));
        for (const Tensor& t : node.outputs)
            output_pointers_.push_back(&describe(t));
        desc.struct_size = sizeof desc;
        desc.op = node.op.c_str();
        desc.name = "test";
        desc.layer = "";
        desc.n_inputs = input_pointers_.size();
        desc.inputs = input_pointers_.data();
        desc.n_outputs = output_pointers_.size();
        desc.outputs = output_pointers_.data();
        desc.n_attrs = attr_pointers_.size();
        desc.attrs = attr_pointers_.data();
    }
    Described(const Described&) = delete;
    Described& operator=(const Described&) = delete;

    lm_node_desc desc{};

  private:
    const lm_tensor_desc& describe(const Tensor& t) {
        lm_tensor_desc& out = tensors_.emplace_back();
        out.struct_size = sizeof out;
        out.dtype = t.dtype;
        out.rank = static_cast<std::int32_t>(t.dims.size());
        out.dims = t.dims.data();
        return out;
    }
    std::deque<lm_attr> attrs_;
    std::deque<lm_tensor_desc> tensors_;
    std::vector<const lm_attr*> attr_pointers_;
    std::vector<const lm_tensor_desc*> input_pointers_, output_pointers_;
};

/// How many threads the test's host lends.
inline int& host_threads() {
    static int threads = 1;
    return threads;
}

inline const lm_host& test_host() {
    static const lm_host host = [] {
        lm_host h{};
        h.struct_size = sizeof h;
        h.abi_major = LM_ABI_MAJOR;
        h.abi_minor = LM_ABI_MINOR;
        h.threads = [] { return static_cast<std::int32_t>(host_threads()); };
        h.parallel_for = [](std::int64_t n, std::int64_t grain, lm_range_fn fn, void* context) {
            const std::int64_t chunks = (n + grain - 1) / grain;
            std::vector<std::thread> threads;
            const auto run = [=](std::int64_t first) {
                for (std::int64_t c = first; c < chunks; c += host_threads())
                    fn(context, c * grain, std::min(n, (c + 1) * grain));
            };
            for (int t = 1; t < host_threads() && t < chunks; ++t)
                threads.emplace_back(run, t);
            run(0);
            for (auto& t : threads)
                t.join();
        };
        h.allocate = [](std::uint64_t bytes) {
            return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
        };
        h.free = [](void* p) { std::free(p); };
        return h;
    }();
    return host;
}

/// Memory with a pattern behind it that must still be there afterwards, and NaNs in it before.
class Guarded {
  public:
    explicit Guarded(std::size_t bytes)
        : bytes_{bytes}, data_{static_cast<unsigned char*>(
                             std::aligned_alloc(64, (bytes + canary + 63) / 64 * 64))} {
        std::memset(data_, 0xff, bytes);
        std::memset(data_ + bytes, 0xa5, canary);
    }
    ~Guarded() { std::free(data_); }
    Guarded(const Guarded&) = delete;
    Guarded& operator=(const Guarded&) = delete;

    void* data() { return data_; }
    bool intact() const {
        for (std::size_t i = 0; i < canary; ++i)
            if (data_[bytes_ + i] != 0xa5)
                return false;
        return true;
    }

  private:
    static constexpr std::size_t canary = 256;
    std::size_t bytes_;
    unsigned char* data_;
};

/// The kernels that a backend library registers.
class Library {
  public:
    explicit Library(const std::string& name) {
        const std::string path =
            std::string(LAMINA_TEST_PLUGIN_DIR) + "/liblamina_backend_" + name + ".so";
        void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr)
            throw std::runtime_error(dlerror());
        using Entry = const lm_plugin* (*)();
        const auto entry = reinterpret_cast<Entry>(dlsym(handle, LM_ENTRY_SYMBOL));
        lm_registrar registrar{};
        registrar.struct_size = sizeof registrar;
        registrar.context = this;
        registrar.add = [](void* context, const char* kind, const char*, const void* table,
                           lm_error*) -> lm_status {
            if (std::strcmp(kind, "kernel") == 0) {
                const auto* kernel = static_cast<const lm_kernel*>(table);
                static_cast<Library*>(context)->kernels[kernel->op].push_back(kernel);
            }
            return LM_OK;
        };
        lm_error error{};
        error.struct_size = sizeof error;
        if (entry()->init(&test_host(), &registrar, &error) != LM_OK)
            throw std::runtime_error(error.message);
    }

    std::map<std::string, std::vector<const lm_kernel*>> kernels;
};

/// Whether the kernel takes the node; else why not.
inline bool accepts(const lm_kernel& kernel, const TestNode& node, std::string& reason) {
    const Described d(node);
    lm_candidate candidate{};
    candidate.struct_size = sizeof candidate;
    lm_error error{};
    error.struct_size = sizeof error;
    const bool ok = kernel.describe(&test_host(), &d.desc, &candidate, &error) == LM_OK;
    reason = error.message;
    return ok;
}

/// Runs a kernel once; throws what it reports, and when it wrote beyond its memory.
inline std::vector<Tensor> run(const lm_kernel& kernel, const TestNode& node) {
    const Described d(node);
    lm_candidate candidate{};
    candidate.struct_size = sizeof candidate;
    lm_error error{};
    error.struct_size = sizeof error;
    const auto check = [&](lm_status status) {
        if (status != LM_OK)
            throw std::runtime_error(node.op + " " + kernel.name + ": " + error.message);
    };
    check(kernel.describe(&test_host(), &d.desc, &candidate, &error));
    void* state = nullptr;
    if (kernel.prepare != nullptr)
        check(kernel.prepare(&test_host(), &d.desc, &state, &error));
    Guarded workspace(candidate.workspace_bytes);
    std::deque<Guarded> memory;
    std::vector<const void*> inputs;
    std::vector<void*> outputs;
    for (const Tensor& t : node.inputs) {
        std::memcpy(memory.emplace_back(t.bytes.size()).data(), t.bytes.data(), t.bytes.size());
        inputs.push_back(memory.back().data());
    }
    for (const Tensor& t : node.outputs)
        outputs.push_back(memory.emplace_back(t.bytes.size()).data());
    const lm_kernel_args args{
        sizeof args, inputs.data(), outputs.data(), workspace.data(), &test_host(), nullptr, 1};
    check(kernel.run(state, &d.desc, &args, &error));
    if (kernel.release != nullptr)
        kernel.release(state);
    bool intact = workspace.intact();
    for (const Guarded& g : memory)
        intact = intact && g.intact();
    if (!intact)
        throw std::runtime_error(node.op + " " + kernel.name + " wrote beyond its memory");
    std::vector<Tensor> results = node.outputs;
    for (std::size_t i = 0; i < results.size(); ++i)
        std::memcpy(results[i].bytes.data(), outputs[i], results[i].bytes.size());
    return results;
}

} // namespace lamina::test
