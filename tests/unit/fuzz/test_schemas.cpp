// Configurations at random against the schema of every part that is registered, of every kind. The
// oracle of schema_cases.hpp says which keys are wrong; the engine must refuse exactly those
// configurations and name such a key. What it takes, the part is built with, and may refuse by a
// key or a shape.
#include "schema_cases.hpp"

#include <set>

#include "graph/operators.hpp"
#include "io/json.hpp"
#include "lamina/device.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/philox.hpp"
#include "model/step_graph.hpp"
#include "model/tracer.hpp"
#include "plugins/host.hpp"
#include "plugins/schema.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

namespace fs = std::filesystem;

struct Target {
    Part part;
    std::string schema_text;
    Json schema;

    std::string name() const { return part.kind + " " + part.name; }
};

template <class Table>
std::string schema_of(const Part& part) {
    return part.as<Table>().schema;
}

std::string schema_text(const Part& part) {
    static const std::map<std::string, std::string (*)(const Part&)> others = {
        {"operator", schema_of<lm_operator>}, {"backend", schema_of<lm_backend>},
        {"dataset", schema_of<lm_dataset>},   {"augmentation", schema_of<lm_augmentation>},
        {"format", schema_of<lm_format>},     {"callback", schema_of<lm_observer>}};
    const auto it = others.find(part.kind);
    return it == others.end() ? schema_of<lm_graph_function>(part) : it->second(part);
}

/// Every part that has a schema; kernels have none.
std::vector<Target> all_targets() {
    std::vector<Target> targets;
    for (const PartInfo& info : Registry::global().list()) {
        if (info.kind == "kernel")
            continue;
        Target t{Registry::global().find(info.kind, info.name), {}, {}};
        t.schema_text = schema_text(t.part);
        t.schema = Json::parse(t.schema_text);
        targets.push_back(std::move(t));
    }
    return targets;
}

// ---- Building -----------------------------------------------------------------------------

constexpr int64_t kBatch = 4;

/// x -> what is asked for -> Dense(3)
Architecture net(const std::vector<Json>& layers, const std::vector<std::vector<int64_t>>& inputs) {
    Architecture a;
    std::vector<TensorRef> at;
    for (const auto& input : inputs) {
        Json shape = Json::array({nullptr});
        for (const int64_t d : input)
            shape.push_back(d);
        at.push_back(add_layer(a, "InputLayer", {{"batch_shape", shape}}, {}));
    }
    for (const Json& layer : layers)
        at = {add_layer(a, layer.at("class_name"), layer.value("config", Json::object()), at,
                        layer.value("name", ""))};
    a.outputs = at;
    return a;
}

void build_layer(const Target& t, const Json& config, Draw& draw) {
    static const std::vector<std::vector<int64_t>> shapes = {
        {7}, {9, 3}, {6, 8, 2}, {5, 4, 3, 2}, {1, 1, 1}};
    std::vector<std::vector<int64_t>> inputs(1 + draw.below(2), draw.of(shapes));
    const Architecture a =
        t.part.name == "InputLayer"
            ? net({}, {{7}})
            : net({{{"class_name", t.part.name}, {"name", "probe"}, {"config", config}}}, inputs);
    Graph graph;
    LayerTracer(graph, LM_MODE_TRAIN).trace(a, kBatch);
    initialization_graph(graph.variables());
}

void build_in_net(const Target& t, const Json& config, Draw&) {
    const Json spec = {{"class_name", t.part.name}, {"config", config}};
    Json dense = {{"units", 3}, {"activation", "softmax"}};
    TrainingConfig training;
    if (t.part.kind == "activation")
        dense["activation"] = spec;
    else if (t.part.kind == "regularizer")
        dense["kernel_regularizer"] = spec;
    else if (t.part.kind == "initializer")
        dense["kernel_initializer"] = spec;
    else if (t.part.kind == "loss")
        training.loss = spec;
    else if (t.part.kind == "metric")
        training.metrics = {spec};
    else if (t.part.kind == "optimizer")
        training.optimizer = spec;
    else
        training.optimizer = {{"class_name", "sgd"}, {"config", {{"learning_rate", spec}}}};
    const Architecture a =
        net({{{"class_name", "Dense"}, {"name", "probe"}, {"config", dense}}}, {{5}});
    const StepGraph step = training_graph(a, training, {}, kBatch);
    initialization_graph(step.graph.variables());
}

void build_model(const Target& t, const Json& config, Draw&) {
    build_zoo_model(t.part.name, config);
}

AttrValue attribute(const Json& v, const std::string& type) {
    if (type == "bool")
        return v.get<bool>();
    if (type == "int")
        return v.get<int64_t>();
    if (type == "float")
        return v.get<double>();
    if (type == "ints" || type == "floats") {
        const Json list = v.is_array() ? v : Json::array({v});
        if (type == "floats")
            return list.get<std::vector<double>>();
        std::vector<int64_t> ints;
        for (const Json& e : list)
            ints.push_back(e.is_null() ? -1 : e.get<int64_t>());
        return ints;
    }
    return v.get<std::string>();
}

/// A node of the operator on inputs whose number, types and shapes may not fit.
void build_operator(const Target& t, const Json& config, Draw& draw) {
    static const std::vector<Shape> shapes = {{},     {1},       {3},          {2, 3},       {3, 4},
                                              {4, 3}, {2, 5, 3}, {2, 6, 6, 3}, {3, 3, 3, 4}, {0}};
    static const std::vector<DType> types = {DType::F32, DType::F32,  DType::F32, DType::I64,
                                             DType::U8,  DType::Bool, DType::F16};
    Attributes attrs;
    for (const auto& [key, value] : config.items())
        if (!value.is_null())
            attrs[key] = attribute(value, t.schema.at(key).value("type", "string"));
    Graph graph;
    std::vector<ValueId> inputs;
    const Shape same = draw.of(shapes);
    const size_t count = draw.one_in(2) ? 1 : draw.below(4);
    if (find_operator(t.part.name)->random())
        inputs.push_back(graph.add_input("rng_state", {DType::I64, {3}}));
    for (size_t i = 0; i < count; ++i)
        inputs.push_back(graph.add_input(
            "x" + std::to_string(i), {draw.of(types), draw.one_in(3) ? draw.of(shapes) : same}));
    const auto outputs = add_operator(graph, t.part.name, "probe", "", inputs, attrs);
    cost_of(graph, graph.producer(outputs.at(0)));
}

void build_backend(const Target& t, const Json& config, Draw&) {
    std::string text = t.part.name;
    for (const auto& [key, value] : config.items())
        text += (text == t.part.name ? ":" : ",") + key + "=" +
                (value.is_string() ? value.get<std::string>() : value.dump());
    Device::open(text);
}

/// What `open` makes of a part with a life of its own, closed at the end.
template <class Table>
struct Opened {
    const Table& table;
    void* self = nullptr;
    ~Opened() {
        if (self != nullptr)
            table.close(self);
    }
};

/// A folder for each class, as image_folder reads them, and nothing of any other data set.
const fs::path& pictures() {
    static const TempFolder folder;
    if (!fs::exists(folder / "cat"))
        for (const char* name : {"cat", "dog"}) {
            fs::create_directory(folder / name);
            fs::copy_file(fs::path(LAMINA_TEST_DATA_DIR) / "images/rgb.png",
                          folder / name / "1.png");
        }
    return folder.path();
}

void build_dataset(const Target& t, const Json& config, Draw&) {
    const lm_config checked(apply_schema(config, t.schema_text, t.name()));
    Opened<lm_dataset> data{t.part.as<lm_dataset>()};
    call(data.table.open, host_table(), &checked, pictures().c_str(), &data.self);
    lm_dataset_info info{};
    info.struct_size = sizeof info;
    call(data.table.info, data.self, &info);
}

void build_augmentation(const Target& t, const Json& config, Draw& draw) {
    constexpr int64_t dims[] = {5, 4, 3};
    const lm_tensor_desc type{sizeof type, LM_F32, 3, 0, dims};
    const lm_config checked(apply_schema(config, t.schema_text, t.name()));
    Opened<lm_augmentation> change{t.part.as<lm_augmentation>()};
    call(change.table.open, host_table(), &checked, &change.self);
    const auto fill = [](void*, uint64_t index, float* sample, lm_error*) -> lm_status {
        for (uint64_t i = 0; i < 60; ++i)
            sample[i] = static_cast<float>((i * 31 + index * 17) % 256);
        return LM_OK;
    };
    const lm_samples samples{sizeof samples, &type, 70, nullptr, fill};
    if (change.table.fit != nullptr)
        call(change.table.fit, change.self, &samples);
    std::vector<float> sample(60);
    fill(nullptr, 1, sample.data(), nullptr);
    const lm_sample_key key{sizeof key, draw.below(1000), draw.below(10), draw.below(1000)};
    double matrix[9];
    if (change.table.affine != nullptr)
        call(change.table.affine, change.self, &type, &key, matrix);
    else
        call(change.table.apply, change.self, &type, sample.data(), &key);
}

void build_callback(const Target& t, const Json& config, Draw&) {
    const lm_config checked(apply_schema(config, t.schema_text, t.name()));
    Opened<lm_observer> observer{t.part.as<lm_observer>()};
    struct Elsewhere { // a file that the configuration names is written
        TempFolder folder;
        fs::path before = fs::current_path();
        Elsewhere() { fs::current_path(folder.path()); }
        ~Elsewhere() { fs::current_path(before); }
    } const elsewhere;
    call(observer.table.open, host_table(), &checked, &observer.self);
    for (const char* event : {"train_begin", "epoch_begin", "batch_end", "epoch_end", "train_end"})
        call(observer.table.notify, observer.self, event, "{}");
}

/// Formats' configurations are for reading and writing, which test_files.cpp damages.
void build_format(const Target&, const Json&, Draw&) {}

using Build = void (*)(const Target&, const Json& config, Draw&);

Build builder(const std::string& kind) {
    static const std::map<std::string, Build> others = {
        {"layer", build_layer},       {"model", build_model},
        {"operator", build_operator}, {"backend", build_backend},
        {"dataset", build_dataset},   {"augmentation", build_augmentation},
        {"format", build_format},     {"callback", build_callback}};
    const auto it = others.find(kind);
    return it == others.end() ? build_in_net : it->second;
}

/// How many of the accepted cases are built: opening a device and tracing a large net take longer
/// than all else.
unsigned stride(const std::string& kind) { return kind == "backend" || kind == "model" ? 60 : 1; }

/// Whether it tells of the inputs (their shapes, number or types) or of a weight by its name.
bool tells_inputs(const std::string& text) {
    for (const char* word : {"[", "shape", "input", "dtype", "numbers", "bool", "probe/"})
        if (text.find(word) != std::string::npos)
            return true;
    return false;
}
bool has_key(const std::string& text, const Json& schema) {
    for (const auto& [key, spec] : schema.items())
        if (text.find(key) != std::string::npos)
            return true;
    return false;
}

// ---- The test -----------------------------------------------------------------------------

/// "" when all is as it must be.
std::string schema_fault(const Target& t, const Case& c, bool& accepted) {
    const std::set<std::string> wrong = wrong_keys(c.config, t.schema);
    try {
        const Json checked = apply_schema(c.config, t.schema_text, t.name());
        accepted = true;
        if (!wrong.empty())
            return "taken, with the wrong key " + *wrong.begin();
        for (const auto& [key, spec] : t.schema.items()) {
            const Json want =
                c.config.contains(key) ? c.config.at(key) : spec.value("default", Json());
            if (!checked.contains(key) || checked.at(key) != want)
                return "the value of " + key + " becomes another";
        }
        return checked.size() == t.schema.size() ? "" : "keys are added";
    } catch (const UsageError& e) {
        const std::string said = e.what();
        if (wrong.empty())
            return "refused, with nothing wrong: " + said;
        for (const std::string& key : wrong)
            if (said.starts_with(t.name() + ": ") &&
                said.find("`" + key + "`") != std::string::npos)
                return "";
        return "the refusal names no wrong key: " + said;
    }
}

std::string build_fault(const Target& t, const Case& c, Draw& draw, unsigned& built) {
    try {
        builder(t.part.kind)(t, c.config, draw);
        ++built;
        return c.wrong_within.empty() ? "" : "built, with the wrong key " + c.wrong_within;
    } catch (const Error& e) {
        const std::string said = e.what();
        if (e.code() == StatusCode::Internal)
            return "an internal error: " + said;
        if (t.part.kind == "dataset" && e.code() == StatusCode::NotFound)
            return ""; // its data is not here
        // What comes before the part within may be refused first.
        if (!has_key(said, t.schema) && !tells_inputs(said) &&
            said.find("`" + c.wrong_within + "`") == std::string::npos)
            return "the refusal names neither key nor input: " + said;
        return "";
    }
}

void try_schemas(unsigned cases) {
    const std::vector<Target> targets = all_targets();
    const auto count = static_cast<unsigned>((cases + targets.size() - 1) / targets.size());
    std::map<std::string, unsigned> accepted, built; // by kind
    for (const Target& t : targets) {
        unsigned taken = 0;
        for (unsigned seed = 0; seed < count; ++seed) {
            Draw draw(seed + static_cast<unsigned>(fnv1a64(t.name())));
            const Case c = some_case(t.schema, draw);
            std::string wrong;
            try {
                bool ok = false;
                wrong = schema_fault(t, c, ok);
                if (ok && wrong.empty() && taken++ % stride(t.part.kind) == 0)
                    wrong = build_fault(t, c, draw, built[t.part.kind]);
            } catch (const std::exception& e) {
                wrong = std::string("an exception that is no Error: ") + e.what();
            }
            if (!wrong.empty())
                FAIL_CHECK(t.name()
                           << ", seed " << seed << ", " << c.config.dump() << ": " << wrong);
        }
        accepted[t.part.kind] += taken;
    }
    for (const auto& [kind, taken] : accepted) { // else nothing was tried
        INFO(kind);
        CHECK(taken > 0);
        CHECK(built[kind] > 0);
    }
}

} // namespace

TEST_CASE("a configuration is refused by the key that is wrong, or built") { try_schemas(4000); }
TEST_CASE("100,000 configurations are refused by the key that is wrong, or built", "[full]") {
    try_schemas(100'000);
}
