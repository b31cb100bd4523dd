// slice{begin, size, strides}: y[i] = x[begin + i * strides], y of shape `size`. A stride may be
// negative (a flip) but not 0; no strides at all means 1 everywhere.
//
// The gradient puts dy back where it was read: by padding where the stride is 1, else by adding
// it into zeros at the positions begin + i * stride.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

Dims strides_of(const Node& node, size_t rank) {
    Dims strides = node.dims("strides");
    return strides.empty() ? Dims(rank, 1) : strides;
}

struct Slice {
    static constexpr auto schema = R"({
        "begin": {"type": "ints", "required": true},
        "size": {"type": "ints", "required": true},
        "strides": {"type": "ints", "default": []}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const TensorType x = node.input(0).type();
        const Dims begin = node.dims("begin"), size = node.dims("size"),
                   strides = strides_of(node, x.dims.size());
        const auto refuse = [&](const char* why) {
            invalid("slice: begin " + to_string(begin) + ", size " + to_string(size) +
                    " and strides " + to_string(strides) + " " + why + " " + to_string(x.dims));
        };
        if (begin.size() != x.dims.size() || size.size() != x.dims.size() ||
            strides.size() != x.dims.size())
            refuse("need one entry for each dimension of");
        for (size_t i = 0; i < size.size(); ++i) {
            if (size[i] < 0 || strides[i] == 0)
                refuse("must have sizes from 0 and strides other than 0; x is");
            const int64_t last = begin[i] + (size[i] - 1) * strides[i];
            if (size[i] > 0 &&
                (std::min(begin[i], last) < 0 || std::max(begin[i], last) >= x.dims[i]))
                refuse("reach outside");
        }
        return {{x.dtype, size}};
    }

    static void gradient(const GradientContext& g) {
        const Dims x = g.x().shape(), begin = g.node.dims("begin"), size = g.node.dims("size"),
                   strides = strides_of(g.node, x.size());
        Value dx = g.dy();
        Dims low(x.size(), 0), high(x.size(), 0);
        for (size_t i = 0; i < x.size(); ++i) {
            if (strides[i] == 1) {
                low[i] = size[i] == 0 ? 0 : begin[i];
                high[i] = x[i] - size[i] - low[i];
                continue;
            }
            Dims positions(static_cast<size_t>(size[i]));
            for (size_t j = 0; j < positions.size(); ++j)
                positions[j] = begin[i] + static_cast<int64_t>(j) * strides[i];
            const Value indices =
                g.graph().constant({size[i]}, std::span<const int64_t>(positions));
            dx = g.graph().node("scatter_add", {indices, dx},
                                {{"axis", static_cast<int64_t>(i)}, {"size", x[i]}});
        }
        g.set_dx(0, dx.shape() == x ? dx : pad(dx, low, high));
    }
};

LAMINA_OPERATOR(slice, Slice)

} // namespace
} // namespace lamina::plugin
