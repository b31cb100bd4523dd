/// A node description that owns everything it points to: for programs and messages that outlive the
/// call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lamina/plugin/graph.hpp"

namespace lamina::plugin {

struct OperandType {
    TensorType type;
    uint32_t flags = 0; // LM_TENSOR_*
};

class OwnedNode {
  public:
    OwnedNode(std::string op, std::string name, std::string layer, std::vector<OperandType> inputs,
              std::vector<OperandType> outputs,
              std::vector<std::pair<std::string, Attr::Data>> attrs)
        : op_(std::move(op)), name_(std::move(name)), layer_(std::move(layer)),
          inputs_(std::move(inputs)), outputs_(std::move(outputs)), attrs_(std::move(attrs)) {
        point();
    }
    explicit OwnedNode(const lm_node_desc& node)
        : OwnedNode(node.op, node.name, node.layer, operands(node.inputs, node.n_inputs),
                    operands(node.outputs, node.n_outputs), copy_attrs(node)) {}
    OwnedNode(const OwnedNode&) = delete;
    OwnedNode& operator=(const OwnedNode&) = delete;

    const lm_node_desc& desc() const { return desc_; }

  private:
    static std::vector<OperandType> operands(const lm_tensor_desc* const* list, uint64_t count) {
        std::vector<OperandType> out;
        for (uint64_t i = 0; i < count; ++i)
            out.push_back({{list[i]->dtype, Dims(list[i]->dims, list[i]->dims + list[i]->rank)},
                           list[i]->flags});
        return out;
    }
    static std::vector<std::pair<std::string, Attr::Data>> copy_attrs(const lm_node_desc& node) {
        std::vector<std::pair<std::string, Attr::Data>> out;
        for (uint64_t i = 0; i < node.n_attrs; ++i) {
            const lm_attr& a = *node.attrs[i];
            switch (a.kind) {
            case LM_ATTR_INT:
                out.emplace_back(a.name, a.i);
                break;
            case LM_ATTR_FLOAT:
                out.emplace_back(a.name, a.f);
                break;
            case LM_ATTR_BOOL:
                out.emplace_back(a.name, a.i != 0);
                break;
            case LM_ATTR_STRING:
                out.emplace_back(a.name, std::string(a.s));
                break;
            case LM_ATTR_INTS:
                out.emplace_back(a.name, Dims(a.ints, a.ints + a.count));
                break;
            default:
                out.emplace_back(a.name, std::vector<double>(a.floats, a.floats + a.count));
            }
        }
        return out;
    }
    static void point(const std::vector<OperandType>& operands, std::vector<lm_tensor_desc>& descs,
                      std::vector<const lm_tensor_desc*>& pointers) {
        for (const OperandType& o : operands)
            descs.push_back({sizeof(lm_tensor_desc), o.type.dtype,
                             static_cast<int32_t>(o.type.dims.size()), o.flags,
                             o.type.dims.data()});
        for (const lm_tensor_desc& d : descs)
            pointers.push_back(&d);
    }
    void point() {
        point(inputs_, input_descs_, input_pointers_);
        point(outputs_, output_descs_, output_pointers_);
        for (const auto& [name, data] : attrs_) {
            Attr attr(name.c_str(), 0);
            attr.data = data;
            owned_attrs_.push_back(std::move(attr));
        }
        for (const Attr& a : owned_attrs_)
            attr_views_.push_back(a.view());
        for (const lm_attr& a : attr_views_)
            attr_pointers_.push_back(&a);
        desc_ = {sizeof desc_,         op_.c_str(),
                 name_.c_str(),        layer_.c_str(),
                 input_descs_.size(),  input_pointers_.data(),
                 output_descs_.size(), output_pointers_.data(),
                 attr_views_.size(),   attr_pointers_.data()};
    }

    std::string op_, name_, layer_;
    std::vector<OperandType> inputs_, outputs_;
    std::vector<std::pair<std::string, Attr::Data>> attrs_;
    Attrs owned_attrs_;
    std::vector<lm_attr> attr_views_;
    std::vector<const lm_attr*> attr_pointers_;
    std::vector<lm_tensor_desc> input_descs_, output_descs_;
    std::vector<const lm_tensor_desc*> input_pointers_, output_pointers_;
    lm_node_desc desc_{};
};

} // namespace lamina::plugin
