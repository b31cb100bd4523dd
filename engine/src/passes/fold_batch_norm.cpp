/// A batch normalisation by given statistics behind a convolution becomes part of it:
/// gamma (conv(x, w) + b - mean) r + beta = conv(x, w s) + (beta + (b - mean) s), s = gamma r.
/// What is new depends on variables alone, and is worked out once for many predictions
/// (runtime/prepared.hpp); an activation behind then meets the convolution.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "graph/operators.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

class BatchNormFolder {
  public:
    explicit BatchNormFolder(const Graph& graph)
        : graph_(graph), rewrite_(graph), uses_(graph.use_counts()) {}

    Graph run() {
        for (const Node& node : graph_.nodes())
            if (node.op == "batch_norm_inference")
                if (const auto fold = match(node)) {
                    folds_[&node] = *fold;
                    swallowed_.insert(fold->conv);
                    if (fold->add != nullptr)
                        swallowed_.insert(fold->add);
                }
        for (const Node& node : graph_.nodes()) {
            if (const auto it = folds_.find(&node); it != folds_.end())
                emit(node, it->second);
            else if (!swallowed_.contains(&node))
                rewrite_.copy(node);
        }
        return rewrite_.finish();
    }

  private:
    struct Fold {
        const Node* conv;
        const Node* add; // of a bias, or null
        ValueId bias;
    };

    const Node* only_user_of(ValueId v, const char* op) const {
        const Node& producer = graph_.producer(v);
        return uses_[static_cast<size_t>(v)] == 1 && producer.op == op ? &producer : nullptr;
    }
    size_t axis(const Node& norm) const {
        const auto rank = static_cast<int64_t>(graph_.type(norm.inputs[0]).shape.rank());
        const int64_t axis = norm.integer("axis");
        return static_cast<size_t>(axis < 0 ? axis + rank : axis);
    }
    /// Has it one value for each channel?
    bool is_bias(ValueId v, const Node& norm) const {
        const Shape& shape = graph_.type(v).shape;
        const Shape& whole = graph_.type(norm.inputs[0]).shape;
        const size_t missing = whole.rank() - std::min(whole.rank(), shape.rank());
        const size_t at = axis(norm);
        return shape.rank() <= whole.rank() && at >= missing && shape.elements() == whole[at] &&
               shape[at - missing] == whole[at];
    }

    std::optional<Fold> match(const Node& norm) const {
        Fold fold{only_user_of(norm.inputs[0], "conv"), nullptr, kNone};
        if (fold.conv == nullptr) {
            fold.add = only_user_of(norm.inputs[0], "add");
            for (size_t i = 0; fold.add != nullptr && fold.conv == nullptr && i < 2; ++i) {
                fold.conv = only_user_of(fold.add->inputs[i], "conv");
                fold.bias = fold.add->inputs[1 - i];
            }
            if (fold.conv == nullptr || !is_bias(fold.bias, norm))
                return std::nullopt;
        }
        const bool last = fold.conv->string("data_format") == "channels_last";
        const size_t channels = last ? graph_.type(norm.inputs[0]).shape.rank() - 1 : 1;
        // Scaled in f32 before a cast, filters would round otherwise than the layer does.
        const bool f32 = graph_.type(fold.conv->inputs[1]).dtype == DType::F32 &&
                         graph_.type(norm.outputs[0]).dtype == DType::F32 &&
                         graph_.type(norm.inputs[1]).dtype == DType::F32;
        if (!f32 || axis(norm) != channels || !fold.conv->string("epilogue").empty())
            return std::nullopt;
        return fold;
    }

    void emit(const Node& norm, const Fold& fold) {
        const auto add = [&](const char* op, const std::vector<ValueId>& inputs,
                             Attributes attrs = {}) {
            return add_operator(rewrite_.to(), op, norm.name + "/" + op, norm.layer, inputs,
                                std::move(attrs))[0];
        };
        const auto in = [&](size_t i) { return rewrite_[norm.inputs[i]]; };
        const auto shape = [&](ValueId v) { return rewrite_.to().type(v).shape; };
        const int64_t channels = shape(in(1)).elements();

        const ValueId epsilon = rewrite_.to().add_constant(
            Tensor::scalar(static_cast<float>(std::get<double>(norm.attrs.at("epsilon")))));
        const ValueId scale = add("mul", {in(1), add("rsqrt", {add("add", {in(4), epsilon})})});
        ValueId mean = in(3);
        if (fold.add != nullptr) {
            const std::vector<int64_t> dims{channels};
            mean = add("sub", {mean, add("reshape", {rewrite_[fold.bias]}, {{"shape", dims}})});
        }
        ValueId bias = add("sub", {in(2), add("mul", {mean, scale})});
        std::vector<int64_t> along(graph_.type(norm.inputs[0]).shape.rank() - axis(norm), 1);
        along[0] = channels;
        if (along.size() > 1)
            bias = add("reshape", {bias}, {{"shape", along}});

        const Node& conv = *fold.conv;
        const ValueId filter = add("mul", {rewrite_[conv.inputs[1]], scale});
        const ValueId y = add_operator(rewrite_.to(), "conv", conv.name, conv.layer,
                                       {rewrite_[conv.inputs[0]], filter}, conv.attrs)[0];
        rewrite_.set(norm.outputs[0], add("add", {y, bias}));
    }

    const Graph& graph_;
    Rewrite rewrite_;
    std::vector<int32_t> uses_;
    std::map<const Node*, Fold> folds_;
    std::set<const Node*> swallowed_;
};

} // namespace

Graph fold_batch_norm(const Graph& graph) { return BatchNormFolder(graph).run(); }

} // namespace lamina
