// Drives one backend's lm_backend table directly, without the engine.

#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lamina/plugin/owned_node.hpp"

namespace lamina::test {

/// A tensor in host memory.
struct Tensor {
    plugin::TensorType type;
    std::vector<unsigned char> bytes;

    Tensor() = default;
    Tensor(lm_dtype dtype, plugin::Dims dims) : type{dtype, std::move(dims)} {
        bytes.resize(static_cast<size_t>(type.bytes()));
    }
    template <class T>
    Tensor(lm_dtype dtype, plugin::Dims dims, const std::vector<T>& values)
        : Tensor(dtype, std::move(dims)) {
        std::memcpy(bytes.data(), values.data(), bytes.size());
    }
    template <class T>
    std::vector<T> values() const {
        std::vector<T> out(bytes.size() / sizeof(T));
        std::memcpy(out.data(), bytes.data(), bytes.size());
        return out;
    }
};

using Attrs = std::vector<std::pair<std::string, plugin::Attr::Data>>;

struct NodeSpec {
    std::string op;
    Attrs attrs;
    std::vector<Tensor> inputs;
    std::vector<plugin::TensorType> outputs;
};

/// What the plugin logged, worst first by level.
struct LogLine {
    int32_t level;
    std::string message;
};

/// A plugin's backend with one device open.
class BackendUnderTest {
  public:
    /// options: by key; absent ones are 0. kernels: of other plugins.
    BackendUnderTest(const std::string& name, const std::map<std::string, int64_t>& options = {},
                     const std::vector<const lm_kernel*>& kernels = {});
    ~BackendUnderTest();
    BackendUnderTest(const BackendUnderTest&) = delete;
    BackendUnderTest& operator=(const BackendUnderTest&) = delete;

    /// False: why() says the reason.
    bool available() const { return device_ != nullptr; }
    const std::string& why() const { return why_; }

    std::vector<std::string> candidates(const NodeSpec&) const;
    /// Runs the node alone, by this candidate ("": the best), into outputs poisoned before.
    std::vector<Tensor> run(const NodeSpec&, const std::string& candidate = "");

    const lm_backend& table() const { return *table_; }
    lm_device* device() const { return device_; }
    void* self() const { return self_.get(); }

    static std::vector<LogLine>& log();

  private:
    // Freed in the opposite order, also where the constructor throws halfway.
    std::unique_ptr<void, int (*)(void*)> library_;
    const lm_backend* table_ = nullptr;
    std::unique_ptr<void, void (*)(void*)> self_;
    lm_device* device_ = nullptr;
    std::string why_;
};

/// Ready to be passed to a call.
lm_error no_error();
/// The host table that tests give to plugins.
const lm_host* fake_host();
/// A validated configuration of whole numbers.
const lm_config* fake_config(const std::map<std::string, int64_t>&);

} // namespace lamina::test
