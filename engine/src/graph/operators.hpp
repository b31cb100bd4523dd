/// Operators by name: attributes, shape rules, costs.
#pragma once

#include "lamina/graph.hpp"
#include "lamina/operators.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"

namespace lamina {

class Operator {
  public:
    explicit Operator(Part part);

    const lm_operator& table() const { return part_.as<lm_operator>(); }
    const std::string& name() const { return part_.name; }
    bool elementwise() const { return (table().flags & LM_OP_ELEMENTWISE) != 0; }
    bool random() const { return (table().flags & LM_OP_RANDOM) != 0; }
    bool view() const { return (table().flags & LM_OP_VIEW) != 0; }

    /// Checks attributes against the schema, converts them to its types and fills in defaults.
    /// Throws Error(InvalidArgument) that names the attribute.
    Attributes complete(Attributes given) const;

  private:
    struct Spec {
        std::string type;
        std::optional<AttrValue> fallback;
    };

    Part part_;
    std::map<std::string, Spec, std::less<>> specs_;
};

/// Throws Error(NotFound) with the nearest name.
std::shared_ptr<const Operator> find_operator(const std::string& name);

/// The outputs' types, as the operator's shape rule gives them. Throws ShapeError with its reason.
std::vector<TensorType> infer_types(const Operator& op, const Graph& graph, const std::string& name,
                                    const std::string& layer, const std::vector<ValueId>& inputs,
                                    const Attributes& attrs);

/// Floating-point operations and bytes moved; both 0 for leaves.
lm_cost cost_of(const Graph& graph, const Node& node);

} // namespace lamina
