#include "graph/operators.hpp"

#include <mutex>

#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "io/json.hpp"
#include "lamina/plugin/philox.hpp"
#include "lamina/text.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

AttrValue from_json(const Json& value, const std::string& type) {
    if (type == "bool")
        return value.get<bool>();
    if (type == "int")
        return value.get<int64_t>();
    if (type == "float")
        return value.get<double>();
    if (type == "ints")
        return value.get<std::vector<int64_t>>();
    if (type == "floats")
        return value.get<std::vector<double>>();
    return value.get<std::string>();
}

/// An integer serves as a float; all else must have the schema's type.
AttrValue convert(AttrValue value, const std::string& type, const std::string& where) {
    if (type == "float")
        if (const auto* i = std::get_if<int64_t>(&value))
            return static_cast<double>(*i);
    static const std::map<std::string, size_t, std::less<>> index = {
        {"int", 0}, {"float", 1}, {"bool", 2}, {"string", 3}, {"ints", 4}, {"floats", 5}};
    const auto it = index.find(type);
    if (it == index.end() || it->second != value.index())
        fail(StatusCode::InvalidArgument,
             fmt::format("{} must be of type {}, got {}", where, type, to_string(value)));
    return value;
}

} // namespace

Operator::Operator(Part part) : part_(std::move(part)) {
    const Json schema = parse_json(table().schema, "the schema of operator " + part_.name);
    for (const auto& [name, spec] : schema.items()) {
        const auto type = spec.value("type", std::string("string"));
        std::optional<AttrValue> fallback;
        if (spec.contains("default") && !spec.at("default").is_null())
            fallback = from_json(spec.at("default"), type);
        specs_.emplace(name, Spec{type, std::move(fallback)});
    }
    if (random())
        specs_.try_emplace("key", Spec{"int", AttrValue(int64_t{0})});
}

Attributes Operator::complete(Attributes given) const {
    for (auto& [name, value] : given) {
        const auto spec = specs_.find(name);
        if (spec == specs_.end()) {
            std::vector<std::string> known;
            for (const auto& [n, s] : specs_)
                known.push_back(n);
            fail(StatusCode::InvalidArgument,
                 fmt::format("{}: unknown attribute `{}`{}", part_.name, name,
                             did_you_mean(name, known)));
        }
        value = convert(std::move(value), spec->second.type,
                        fmt::format("{}: attribute `{}`", part_.name, name));
    }
    for (const auto& [name, spec] : specs_) {
        if (given.contains(name))
            continue;
        if (!spec.fallback)
            fail(StatusCode::InvalidArgument,
                 fmt::format("{}: attribute `{}` is missing", part_.name, name));
        given.emplace(name, *spec.fallback);
    }
    return given;
}

std::shared_ptr<const Operator> find_operator(const std::string& name) {
    // Built-in operators are kept; those of plugins live as long as a graph uses them.
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const Operator>> built_in;
    static std::map<std::string, std::weak_ptr<const Operator>> foreign;
    const std::lock_guard lock(mutex);
    if (const auto it = built_in.find(name); it != built_in.end())
        return it->second;
    if (auto op = foreign[name].lock())
        return op;
    Part part = Registry::global().find("operator", name);
    const bool from_plugin = part.plugin != nullptr;
    auto op = std::make_shared<const Operator>(std::move(part));
    if (from_plugin)
        foreign[name] = op;
    else
        built_in[name] = op;
    return op;
}

std::vector<TensorType> infer_types(const Operator& op, const Graph& graph, const std::string& name,
                                    const std::string& layer, const std::vector<ValueId>& inputs,
                                    const Attributes& attrs) {
    Node probe;
    probe.op = op.name();
    probe.name = name;
    probe.layer = layer;
    probe.inputs = inputs;
    probe.attrs = attrs;
    const auto desc = describe_node(graph, probe);
    std::vector<TensorType> types;
    const auto emit = [](void* context, lm_dtype dtype, int32_t rank, const int64_t* dims) {
        static_cast<std::vector<TensorType>*>(context)->push_back(from_plugin(dtype, rank, dims));
    };
    lm_error error{};
    error.struct_size = sizeof error;
    if (attempt(error, op.table().infer, host_table(), &desc->desc(), &types, emit) != LM_OK) {
        const std::string where = layer.empty() ? name : layer;
        throw ShapeError(fmt::format("{}: {}", where, error.message));
    }
    return types;
}

std::vector<ValueId> add_operator(Graph& graph, const std::string& op_name, const std::string& name,
                                  const std::string& layer, const std::vector<ValueId>& inputs,
                                  Attributes attrs) {
    const auto op = find_operator(op_name);
    Attributes complete = op->complete(std::move(attrs));
    const auto types = infer_types(*op, graph, name, layer, inputs, complete);
    if (op->random() && std::get<int64_t>(complete["key"]) == 0)
        complete["key"] = static_cast<int64_t>(fnv1a64(name));
    const NodeId id = graph.add_node(op_name, name, layer, inputs, std::move(complete), types);
    graph.hold(op);
    return graph.node(id).outputs;
}

lm_cost cost_of(const Graph& graph, const Node& node) {
    lm_cost cost{};
    cost.struct_size = sizeof cost;
    if (node.is_leaf())
        return cost;
    for (const ValueId v : node.inputs)
        cost.bytes += static_cast<double>(graph.type(v).bytes());
    for (const ValueId v : node.outputs) {
        cost.bytes += static_cast<double>(graph.type(v).bytes());
        cost.flops += static_cast<double>(graph.type(v).shape.elements());
    }
    const auto op = find_operator(node.op);
    if (op->table().cost != nullptr) {
        const auto desc = describe_node(graph, node);
        call(op->table().cost, host_table(), &desc->desc(), &cost);
    }
    return cost;
}

} // namespace lamina
