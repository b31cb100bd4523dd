#include "model/foreign_kernels.hpp"

#include <algorithm>

#include <cstring>
#include <numeric>
#include <set>
#include <vector>

#include "model/tracer.hpp"

namespace lamina {

namespace {

/// Those whose kernels Keras converts.
bool is_conv(const std::string& class_name) {
    static const std::set<std::string> classes = {"Conv1D", "Conv2D", "Conv3D"};
    return classes.contains(class_name);
}

/// Layers behind which the order of elements is still that of the layer before.
bool keeps_order(const std::string& class_name) {
    return class_name == "Activation" || class_name == "ReLU" || class_name == "Dropout";
}

/// element (i, j, ...) of the result is x at index(i, j, ...) in elements. to: the result's shape.
template <class Index>
Tensor gathered(const Tensor& x, const Shape& to, const Index& index) {
    Tensor y = Tensor::uninitialized(x.dtype(), to);
    const size_t size = size_of(x.dtype());
    const auto from = x.raw_bytes();
    auto out = y.raw_bytes();
    std::vector<int64_t> at(to.rank(), 0);
    for (int64_t i = 0; i < x.elements(); ++i) {
        std::memcpy(&out[static_cast<size_t>(i) * size],
                    &from[static_cast<size_t>(index(at)) * size], size);
        for (size_t axis = to.rank(); axis-- > 0;) {
            if (++at[axis] < to[axis])
                break;
            at[axis] = 0;
        }
    }
    return y;
}

/// Axis i of the result is axis axes[i] of x.
Tensor permuted(const Tensor& x, const std::vector<size_t>& axes) {
    const Shape from = x.shape(), strides = from.strides();
    Shape to;
    for (const size_t axis : axes)
        to.push_back(from[axis]);
    return gathered(x, to, [&](const std::vector<int64_t>& at) {
        int64_t index = 0;
        for (size_t i = 0; i < axes.size(); ++i)
            index += at[i] * strides[axes[i]];
        return index;
    });
}

/// [out, in, spatial...] as [spatial..., in, out].
Tensor channels_last(const Tensor& x) {
    std::vector<size_t> axes(x.shape().rank() - 2);
    std::iota(axes.begin(), axes.end(), size_t{2});
    axes.insert(axes.end(), {1, 0});
    return permuted(x, axes);
}

/// [spatial..., in, out], turned round in space.
Tensor turned_round(const Tensor& x) {
    const Shape shape = x.shape(), strides = shape.strides();
    return gathered(x, shape, [&](const std::vector<int64_t>& at) {
        int64_t index = 0;
        for (size_t axis = 0; axis < at.size(); ++axis)
            index += (axis + 2 < at.size() ? shape[axis] - 1 - at[axis] : at[axis]) * strides[axis];
        return index;
    });
}

/// Rows that belong to a flattened [C, spatial...] as those of [spatial..., C].
Tensor rows_of_channels_last(const Tensor& x, const Shape& flattened) {
    const int64_t channels = flattened.back();
    const int64_t places = flattened.elements() / channels;
    const int64_t units = x.shape().back();
    return gathered(x, x.shape(), [&](const std::vector<int64_t>& at) {
        return ((at[0] % channels) * places + at[0] / channels) * units + at[1];
    });
}

} // namespace

ForeignKernels::ForeignKernels(const Architecture& a, const KernelConventions& file) : file_(file) {
    for (const LayerSpec& layer : a.layers) {
        class_of_[layer.name] = layer.class_name;
        if (file.keras_1 && layer.config.value("data_format", "channels_last") == "channels_first")
            channels_first_.insert(layer.name);
    }
    if (!file.channels_first)
        return;
    Graph graph;
    LayerTracer tracer(graph, LM_MODE_INFER);
    tracer.trace(a, 1);
    const auto before = [&](const LayerSpec& layer) -> const LayerSpec& {
        return a.layers[static_cast<size_t>(layer.calls[0].at(0).layer)];
    };
    for (const LayerSpec& layer : a.layers) {
        if (layer.class_name != "Dense")
            continue;
        const LayerSpec* source = &before(layer);
        while (keeps_order(source->class_name))
            source = &before(*source);
        if (source->class_name != "Flatten")
            continue;
        // A net that is channels_first here flattens as the file's did, unless its Flatten knows
        // that: then it brings the channels last before.
        const bool turns = source->config.value("data_format", "channels_last") == "channels_first";
        const TensorRef& ref = source->calls[0].at(0);
        bool is_first = false;
        for (const LayerSpec& other : a.layers)
            is_first |= other.config.value("data_format", "channels_last") == "channels_first";
        const Shape batch =
            graph
                .type(tracer.values()[static_cast<size_t>(ref.layer)][static_cast<size_t>(ref.node)]
                                     [static_cast<size_t>(ref.tensor)])
                .shape;
        if (batch.rank() <= 2 || (is_first && !turns))
            continue;
        std::vector<int64_t> dims(batch.begin() + 1, batch.end());
        if (turns)
            std::rotate(dims.begin(), dims.begin() + 1, dims.end());
        flattened_[layer.name] = Shape(dims);
    }
}

Tensor ForeignKernels::operator()(const Variable& variable, const Tensor& x) const {
    const auto layer = class_of_.find(variable.layer);
    if (layer == class_of_.end() || variable.name != variable.layer + "/kernel")
        return x;
    const size_t rank = variable.type.shape.rank();
    const bool is_first = file_.channels_first || channels_first_.contains(variable.layer);
    const bool is_one_row = layer->second == "Conv1D" && x.shape().rank() == 4; // Keras 1
    if (is_conv(layer->second) && (x.shape().rank() == rank || is_one_row)) {
        Tensor y = is_first ? channels_last(x) : x;
        if (is_one_row && y.shape()[1] == 1)
            y = y.reshaped({y.shape()[0], y.shape()[2], y.shape()[3]});
        return file_.flipped ? turned_round(y) : y;
    }
    if (layer->second == "Conv2DTranspose" && x.shape().rank() == rank) {
        const Tensor y = !file_.keras_1 ? x
                                        : permuted(x, is_first ? std::vector<size_t>{2, 3, 0, 1}
                                                               : std::vector<size_t>{0, 1, 3, 2});
        return file_.flipped ? turned_round(y) : y; // Keras turns these round, too
    }
    const auto flattened = flattened_.find(variable.layer);
    if (flattened != flattened_.end() && x.shape() == variable.type.shape)
        return rows_of_channels_last(x, flattened->second);
    return x;
}

} // namespace lamina
