#include "bench.hpp"

#include <cstdlib>
#include <functional>
#include <stdexcept>

#include <dlfcn.h>

namespace lamina::test {

namespace {

using Options = std::map<std::string, int64_t>;

const int64_t* find(const lm_config* config, const char* key) {
    const auto& options = *reinterpret_cast<const Options*>(config);
    const auto it = options.find(key);
    return it == options.end() ? nullptr : &it->second;
}

template <class T>
lm_status number(const lm_config* config, const char* key, T* out) {
    const int64_t* value = find(config, key);
    // The real host fills in the schema's defaults; those of numbers and flags are 0 here.
    const std::string name = key;
    if (value == nullptr && (name == "device" || name == "uuid"))
        return LM_NOT_FOUND;
    *out = static_cast<T>(value != nullptr ? *value : 0);
    return LM_OK;
}

const char* data_of(const char*) { return ""; }

lm_host make_host() {
    lm_host host{};
    host.struct_size = sizeof host;
    host.abi_major = LM_ABI_MAJOR;
    host.abi_minor = LM_ABI_MINOR;
    host.version = "test";
    host.log = [](int32_t level, const char* message) {
        BackendUnderTest::log().push_back({level, message});
    };
    host.parallel_for = [](int64_t n, int64_t grain, lm_range_fn fn, void* context) {
        for (int64_t begin = 0; begin < n; begin += grain)
            fn(context, begin, std::min(n, begin + grain));
    };
    host.threads = [] { return int32_t{1}; };
    host.allocate = [](uint64_t bytes) -> void* {
        return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    };
    host.free = [](void* p) { std::free(p); };
    host.config_int = &number<int64_t>;
    host.config_float = &number<double>;
    host.config_bool = &number<int32_t>;
    host.config_string = [](const lm_config*, const char*, const char**) -> lm_status {
        return LM_NOT_FOUND;
    };
    host.config_json = [](const lm_config* config, const char* key,
                          const char** text) -> lm_status {
        *text = data_of(key);
        return find(config, key) != nullptr ? LM_OK : LM_NOT_FOUND;
    };
    return host;
}

void expect(lm_status status, const lm_error& error) {
    if (status != LM_OK)
        throw std::runtime_error(error.message);
}

} // namespace

const lm_host* fake_host() {
    static const lm_host host = make_host();
    return &host;
}

const lm_config* fake_config(const Options& options) {
    return reinterpret_cast<const lm_config*>(&options);
}

lm_error no_error() {
    lm_error error{};
    error.struct_size = sizeof error;
    return error;
}

std::vector<LogLine>& BackendUnderTest::log() {
    static std::vector<LogLine> lines;
    return lines;
}

BackendUnderTest::BackendUnderTest(const std::string& name, const Options& options,
                                   const std::vector<const lm_kernel*>& kernels)
    : library_(nullptr, dlclose), self_(nullptr, nullptr) {
    const std::string path =
        std::string(LAMINA_TEST_PLUGIN_DIR) + "/liblamina_backend_" + name + ".so";
    library_.reset(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL));
    if (library_ == nullptr) {
        why_ = dlerror();
        return;
    }
    const auto entry =
        reinterpret_cast<decltype(&lamina_plugin)>(dlsym(library_.get(), LM_ENTRY_SYMBOL));
    struct Found {
        const lm_backend* backend = nullptr;
        std::vector<const lm_kernel*> kernels;
    } found;
    lm_registrar registrar{sizeof registrar, &found, nullptr};
    registrar.add = [](void* context, const char* kind, const char*, const void* table,
                       lm_error*) -> lm_status {
        auto& f = *static_cast<Found*>(context);
        if (std::strcmp(kind, "backend") == 0)
            f.backend = static_cast<const lm_backend*>(table);
        if (std::strcmp(kind, "kernel") == 0)
            f.kernels.push_back(static_cast<const lm_kernel*>(table));
        return LM_OK;
    };
    lm_error error{};
    error.struct_size = sizeof error;
    expect(entry()->init(fake_host(), &registrar, &error), error);
    table_ = found.backend;
    void* self = nullptr;
    expect(table_->create(fake_host(), &self, &error), error);
    self_ = {self, table_->destroy};
    found.kernels.insert(found.kernels.end(), kernels.begin(), kernels.end());
    for (const lm_kernel* kernel : found.kernels)
        expect(table_->add_kernel(self, kernel->op, kernel->name, kernel, &error), error);
    if (table_->device_open(self, UINT64_MAX, fake_config(options), &device_, &error) != LM_OK)
        why_ = error.message;
}

BackendUnderTest::~BackendUnderTest() {
    if (device_ != nullptr)
        table_->device_close(device_);
}

namespace {

std::unique_ptr<plugin::OwnedNode> owned(const NodeSpec& spec) {
    std::vector<plugin::OperandType> inputs, outputs;
    for (const Tensor& t : spec.inputs)
        inputs.push_back({t.type});
    for (const plugin::TensorType& t : spec.outputs)
        outputs.push_back({t});
    return std::make_unique<plugin::OwnedNode>(spec.op, "test/" + spec.op, "", inputs, outputs,
                                               spec.attrs);
}

struct Candidate {
    std::string name;
    uint64_t workspace = 0;
};

std::vector<Candidate> describe(const BackendUnderTest& b, const lm_node_desc& node) {
    std::vector<Candidate> list;
    lm_error error{};
    error.struct_size = sizeof error;
    expect(b.table().describe(
               b.device(), &node, &list,
               [](void* context, const lm_candidate* c) {
                   static_cast<std::vector<Candidate>*>(context)->push_back(
                       {c->name, c->workspace_bytes});
               },
               &error),
           error);
    return list;
}

} // namespace

std::vector<std::string> BackendUnderTest::candidates(const NodeSpec& spec) const {
    std::vector<std::string> names;
    for (const Candidate& c : describe(*this, owned(spec)->desc()))
        names.push_back(c.name);
    return names;
}

std::vector<Tensor> BackendUnderTest::run(const NodeSpec& spec, const std::string& wanted) {
    const auto node = owned(spec);
    Candidate chosen;
    for (const Candidate& c : describe(*this, node->desc()))
        if (chosen.name.empty() && (wanted.empty() || c.name == wanted))
            chosen = c;
    if (chosen.name.empty())
        throw std::runtime_error("no candidate " + wanted);

    // One buffer for all, each operand at a multiple of 256 with room between.
    std::vector<plugin::TensorType> types;
    for (const Tensor& t : spec.inputs)
        types.push_back(t.type);
    types.insert(types.end(), spec.outputs.begin(), spec.outputs.end());
    std::vector<lm_tensor_desc> descs;
    for (const auto& t : types)
        descs.push_back({sizeof(lm_tensor_desc), t.dtype, static_cast<int32_t>(t.dims.size()), 0,
                         t.dims.data()});
    std::vector<lm_value_desc> values;
    uint64_t bytes = 0;
    for (const lm_tensor_desc& d : descs) {
        values.push_back({sizeof(lm_value_desc), 0, bytes, &d});
        bytes += (static_cast<uint64_t>(plugin::TensorView{&d}.bytes()) + 511) / 256 * 256;
    }
    const uint64_t workspace = bytes;
    bytes += chosen.workspace + 256;

    std::vector<const lm_value_desc*> value_pointers;
    std::vector<uint32_t> inputs, outputs;
    for (uint32_t i = 0; i < values.size(); ++i) {
        value_pointers.push_back(&values[i]);
        (i < spec.inputs.size() ? inputs : outputs).push_back(i);
    }
    const lm_slot_desc slot{sizeof slot, LM_SLOT_ARENA, bytes, "arena"};
    const lm_slot_desc* slots[] = {&slot};
    const lm_step_desc step{
        sizeof step,   0, workspace, &node->desc(), chosen.name.c_str(), inputs.data(),
        outputs.data()};
    const lm_step_desc* steps[] = {&step};
    const lm_program_desc desc{sizeof desc,           "test", 1,    slots, value_pointers.size(),
                               value_pointers.data(), 1,      steps};
    lm_error error{};
    error.struct_size = sizeof error;
    lm_program* program = nullptr;
    expect(table_->program_create(device_, &desc, &program, &error), error);
    lm_buffer* buffer = nullptr;
    expect(table_->buffer_create(device_, bytes, LM_SLOT_ARENA, &buffer, &error), error);

    // 0x7f bytes are large numbers as floats and as integers: what is not written shows.
    std::vector<unsigned char> memory(bytes, 0x7f);
    for (size_t i = 0; i < spec.inputs.size(); ++i)
        std::memcpy(memory.data() + values[i].offset, spec.inputs[i].bytes.data(),
                    spec.inputs[i].bytes.size());
    lm_token token = 0;
    expect(table_->write(device_, buffer, 0, memory.data(), bytes, 0, &token, &error), error);
    expect(table_->submit(program, &buffer, token, &token, &error), error);
    expect(table_->read(device_, buffer, 0, memory.data(), bytes, token, &token, &error), error);
    expect(table_->wait(device_, token, &error), error);
    table_->program_destroy(program);
    table_->buffer_destroy(device_, buffer);

    std::vector<Tensor> results;
    for (size_t i = 0; i < spec.inputs.size(); ++i)
        if (std::memcmp(memory.data() + values[i].offset, spec.inputs[i].bytes.data(),
                        spec.inputs[i].bytes.size()) != 0)
            throw std::runtime_error("input " + std::to_string(i) + " was changed");
    for (size_t i = spec.inputs.size(); i < values.size(); ++i) {
        Tensor t(types[i].dtype, types[i].dims);
        std::memcpy(t.bytes.data(), memory.data() + values[i].offset, t.bytes.size());
        // No byte after the output may change.
        for (uint64_t k = values[i].offset + t.bytes.size();
             k < (i + 1 < values.size() ? values[i + 1].offset : workspace); ++k)
            if (memory[k] != 0x7f)
                throw std::runtime_error("byte " + std::to_string(k - values[i].offset) +
                                         " after output was written");
        results.push_back(std::move(t));
    }
    return results;
}

} // namespace lamina::test
