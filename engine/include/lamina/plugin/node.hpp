/// A readable view of lm_node_desc, for shape rules, gradients and kernels.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "lamina/plugin/plugin.hpp"

namespace lamina::plugin {

using Dims = std::vector<int64_t>;

inline std::string to_string(std::span<const int64_t> dims) {
    std::string text = "[";
    for (size_t i = 0; i < dims.size(); ++i)
        text += (i ? ", " : "") + std::to_string(dims[i]);
    return text + "]";
}

/// The product of the extents. Throws where the bytes of so many elements are beyond 63 bits.
inline int64_t elements(std::span<const int64_t> dims) {
    constexpr int64_t most = INT64_MAX / 8;
    int64_t n = 1;
    for (const int64_t d : dims) {
        if (d > 0 && n > most / d)
            invalid("a tensor of shape " + to_string(dims) +
                    " has more bytes than 63 bits can count");
        n *= d;
    }
    return n;
}

/// extent * factor. Throws where no tensor could have such an extent.
inline int64_t scaled_extent(int64_t extent, int64_t factor) {
    return elements(Dims{extent, factor});
}

inline int64_t size_of(lm_dtype dtype) {
    constexpr int64_t sizes[] = {4, 8, 4, 8, 1, 1, 2, 2};
    return sizes[dtype];
}

inline const char* dtype_name(lm_dtype dtype) {
    constexpr const char* names[] = {"f32", "f64", "i32", "i64", "u8", "bool", "f16", "bf16"};
    return names[dtype];
}

inline lm_dtype parse_dtype(const std::string& name) {
    for (lm_dtype d = LM_F32; d <= LM_BF16; ++d)
        if (name == dtype_name(d))
            return d;
    constexpr const char* keras[] = {"float32", "float64", "int32",   "int64",
                                     "uint8",   "bool",    "float16", "bfloat16"};
    for (lm_dtype d = LM_F32; d <= LM_BF16; ++d)
        if (name == keras[d])
            return d;
    invalid("unknown dtype `" + name + "`");
}

/// dtype and dims of one tensor, owned.
struct TensorType {
    lm_dtype dtype = LM_F32;
    Dims dims;

    int64_t rank() const { return static_cast<int64_t>(dims.size()); }
    int64_t elements() const { return plugin::elements(dims); }
    int64_t bytes() const { return elements() * size_of(dtype); }
    bool operator==(const TensorType&) const = default;
};

/// One operand of a node; dims are the node's.
struct TensorView {
    const lm_tensor_desc* desc;

    lm_dtype dtype() const { return desc->dtype; }
    int64_t rank() const { return desc->rank; }
    std::span<const int64_t> dims() const { return {desc->dims, static_cast<size_t>(desc->rank)}; }
    int64_t dim(int64_t i) const { return desc->dims[i < 0 ? i + desc->rank : i]; }
    int64_t elements() const { return plugin::elements(dims()); }
    int64_t bytes() const { return elements() * size_of(desc->dtype); }
    bool constant() const { return (desc->flags & LM_TENSOR_CONSTANT) != 0; }
    bool kept() const { return (desc->flags & LM_TENSOR_KEPT) != 0; }
    TensorType type() const { return {desc->dtype, Dims(dims().begin(), dims().end())}; }
};

class Node {
  public:
    explicit Node(const lm_node_desc* node) : node_(node) {}

    const char* op() const { return node_->op; }
    bool is(const char* op) const { return std::strcmp(node_->op, op) == 0; }
    const char* name() const { return node_->name; }
    int64_t n_inputs() const { return static_cast<int64_t>(node_->n_inputs); }
    int64_t n_outputs() const { return static_cast<int64_t>(node_->n_outputs); }

    TensorView input(int64_t i) const {
        if (i >= n_inputs())
            invalid(std::string(node_->op) + ": expected at least " + std::to_string(i + 1) +
                    " inputs, got " + std::to_string(n_inputs()));
        return {node_->inputs[i]};
    }
    TensorView output(int64_t i = 0) const { return {node_->outputs[i]}; }

    bool has(const char* name) const { return find(name) != nullptr; }
    int64_t integer(const char* name) const { return attr(name).i; }
    bool boolean(const char* name) const { return attr(name).i != 0; }
    double number(const char* name) const {
        const lm_attr& a = attr(name);
        return a.kind == LM_ATTR_INT ? static_cast<double>(a.i) : a.f;
    }
    std::string string(const char* name) const { return attr(name).s; }
    std::span<const int64_t> integers(const char* name) const {
        const lm_attr& a = attr(name);
        return {a.ints, static_cast<size_t>(a.count)};
    }
    Dims dims(const char* name) const {
        const auto values = integers(name);
        return {values.begin(), values.end()};
    }

    const lm_node_desc* raw() const { return node_; }

  private:
    const lm_attr* find(const char* name) const {
        for (uint64_t i = 0; i < node_->n_attrs; ++i)
            if (std::strcmp(node_->attrs[i]->name, name) == 0)
                return node_->attrs[i];
        return nullptr;
    }
    const lm_attr& attr(const char* name) const {
        const lm_attr* found = find(name);
        if (found == nullptr)
            invalid(std::string(node_->op) + ": attribute `" + name + "` is missing");
        return *found;
    }

    const lm_node_desc* node_;
};

} // namespace lamina::plugin
