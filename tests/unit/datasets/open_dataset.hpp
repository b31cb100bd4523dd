#pragma once

#include "io/json.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"
#include "lamina/shape.hpp"
#include "plugins/host.hpp"
#include "plugins/schema.hpp"
#include "test_cache.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lamina {

/// A dataset plugin's dataset, opened as the engine opens it.
class OpenDataset {
  public:
    OpenDataset(const std::string& name, const std::filesystem::path& data_dir,
                const std::string& config = "{}")
        : registry_({LAMINA_TEST_PLUGIN_DIR}), part_(registry_.find("dataset", name)),
          config_(apply_schema(parse_json(config, "config"), table().schema, name)) {
        test_cache();
        check(table().open(host_table(), &config_, data_dir.c_str(), &self_, &error_));
        info_.struct_size = sizeof info_;
        check(table().info(self_, &info_, &error_));
    }
    ~OpenDataset() { table().close(self_); }
    OpenDataset(const OpenDataset&) = delete;
    OpenDataset& operator=(const OpenDataset&) = delete;

    const lm_dataset_info& info() const { return info_; }
    Shape dims() const {
        return Shape(std::span(info_.dims, static_cast<std::size_t>(info_.rank)));
    }

    std::vector<std::uint8_t> sample(int split, std::uint64_t index) {
        std::vector<std::uint8_t> pixels(static_cast<std::size_t>(dims().elements()));
        check(table().read(self_, split, index, pixels.data(), &label_, &error_));
        return pixels;
    }
    std::int64_t label(int split, std::uint64_t index) {
        sample(split, index);
        return label_;
    }

  private:
    const lm_dataset& table() const { return part_.as<lm_dataset>(); }
    void check(lm_status status) const {
        if (status != LM_OK)
            throw Error(static_cast<StatusCode>(status), error_.message);
    }

    Registry registry_;
    Part part_;
    lm_config config_;
    void* self_ = nullptr;
    lm_error error_{sizeof(lm_error), LM_OK, {}};
    lm_dataset_info info_{};
    std::int64_t label_ = -1;
};

/// What goes wrong when a dataset is opened, or "no error".
inline std::string opening_error(const std::string& name, const std::filesystem::path& data_dir,
                                 const std::string& config = "{}") {
    try {
        const OpenDataset dataset(name, data_dir, config);
        return "no error";
    } catch (const Error& error) {
        return error.what();
    }
}

} // namespace lamina
