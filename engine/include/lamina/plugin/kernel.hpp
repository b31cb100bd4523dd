/// Kernels of host-memory backends.
///
///     struct ReluKernel {
///         static Plan describe(const Node& n);             // cost; throw unsupported("why") to
///         refuse explicit ReluKernel(const Node& n);                 // optional: state made once
///         a program void run(const Node& n, const Args& args) const;
///     };
///     LAMINA_KERNEL(relu_simd, "openblas", "relu", "simd", 10, ReluKernel)
#pragma once

#include <type_traits>

#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

/// How a kernel would compute a node.
struct Plan {
    double seconds = 0;           // the cost model's estimate
    uint64_t workspace_bytes = 0; // scratch during run
    uint64_t in_place = 0; // bit i: an output of the same size may take the memory of input i
    const char* numerics = "reassociated"; // "exact", "reassociated", "transformed"
    uint64_t packed_bytes = 0; // what it keeps from run to run, made of operands that are kept()
};

/// Operands during run. Pointers are 64-byte aligned unless the operand is a slice of a caller's
/// buffer.
class Args {
  public:
    explicit Args(const lm_kernel_args* args) : args_(args) {}

    template <class T = float>
    const T* in(int64_t i) const {
        return static_cast<const T*>(args_->inputs[i]);
    }
    template <class T = float>
    T* out(int64_t i = 0) const {
        return static_cast<T*>(args_->outputs[i]);
    }
    template <class T = float>
    T* workspace() const {
        return static_cast<T*>(args_->workspace);
    }
    /// Plan::packed_bytes of memory. It is filled in when pack() says so, and holds that in later
    /// runs.
    template <class T = float>
    T* packed() const {
        return static_cast<T*>(args_->packed);
    }
    bool pack() const { return args_->pack != 0; }
    const lm_host* host() const { return args_->host; }

    /// body(begin, end) on chunks of `grain`; the cut depends on n and grain alone.
    template <class Body>
    void parallel_for(int64_t n, int64_t grain, Body&& body) const {
        using B = std::remove_reference_t<Body>;
        args_->host->parallel_for(
            n, grain,
            [](void* context, int64_t begin, int64_t end) {
                (*static_cast<B*>(context))(begin, end);
            },
            const_cast<void*>(static_cast<const void*>(&body)));
    }

  private:
    const lm_kernel_args* args_;
};

namespace detail {

template <class K>
constexpr bool has_state = std::is_constructible_v<K, const Node&>;

template <class K>
lm_status describe_thunk(const lm_host*, const lm_node_desc* node, lm_candidate* out,
                         lm_error* error) noexcept {
    return guard(error, [&] {
        const Plan plan = K::describe(Node(node));
        out->seconds = plan.seconds;
        out->workspace_bytes = plan.workspace_bytes;
        out->in_place = plan.in_place;
        out->numerics = plan.numerics;
        out->packed_bytes = plan.packed_bytes;
    });
}

template <class K>
lm_status prepare_thunk(const lm_host*, const lm_node_desc* node, void** state,
                        lm_error* error) noexcept {
    return guard(error, [&] {
        if constexpr (has_state<K>)
            *state = new K(Node(node));
        else
            *state = nullptr;
    });
}

template <class K>
void release_thunk(void* state) noexcept {
    if constexpr (has_state<K>)
        delete static_cast<K*>(state);
}

template <class K>
lm_status run_thunk(void* state, const lm_node_desc* node, const lm_kernel_args* args,
                    lm_error* error) noexcept {
    return guard(error, [&] {
        if constexpr (has_state<K>)
            static_cast<const K*>(state)->run(Node(node), Args(args));
        else
            K().run(Node(node), Args(args));
    });
}

} // namespace detail

template <class K>
constexpr lm_kernel kernel_table(const char* backend, const char* op, const char* name,
                                 int32_t priority) {
    lm_kernel table{};
    table.struct_size = sizeof table;
    table.priority = priority;
    table.backend = backend;
    table.op = op;
    table.name = name;
    table.describe = &detail::describe_thunk<K>;
    table.prepare = &detail::prepare_thunk<K>;
    table.release = &detail::release_thunk<K>;
    table.run = &detail::run_thunk<K>;
    return table;
}

} // namespace lamina::plugin

/// id: an identifier, unique in the file.
#define LAMINA_KERNEL(id, backend, op, name, priority, Class)                                      \
    static constexpr lm_kernel LAMINA_CONCAT(lamina_kernel_, id) =                                 \
        ::lamina::plugin::kernel_table<Class>(backend, op, name, priority);                        \
    LAMINA_REGISTER(id, "kernel", op "/" backend "/" name, &LAMINA_CONCAT(lamina_kernel_, id))
