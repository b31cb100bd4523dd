/// Reads tests/data/goldens: what real Keras and PyTorch gave. tests/parity/README.md has the
/// format.
#pragma once

#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "io/json.hpp"
#include "lamina/tensor.hpp"

namespace lamina::test {

struct Golden {
    Json info;
    std::map<std::string, Tensor> tensors;

    std::string name() const { return info.at("name"); }
    std::string kind() const { return info.at("kind"); }
    std::string class_name() const { return info.at("class_name"); }
    const Json& config() const { return info.at("config"); }
    std::vector<std::string> list(const char* key) const { return info.at(key); }
    bool has(const std::string& tensor) const { return tensors.contains(tensor); }
    const Tensor& operator[](const std::string& tensor) const { return tensors.at(tensor); }
};

inline std::vector<Golden> read_goldens(const std::string& file) {
    std::ifstream stream(std::string(LAMINA_TEST_DATA_DIR) + "/goldens/" + file + ".golden",
                         std::ios::binary);
    REQUIRE(stream);
    const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
    REQUIRE(bytes.substr(0, 8) == "LMGOLD1\n");
    uint64_t header = 0;
    std::memcpy(&header, bytes.data() + 8, 8);
    const Json all = parse_json(bytes.substr(16, header), file);
    const std::map<std::string, DType> types = {{"float32", DType::F32},
                                                {"float64", DType::F64},
                                                {"int64", DType::I64},
                                                {"uint8", DType::U8}};
    std::vector<Golden> goldens;
    for (const Json& info : all.at("cases")) {
        Golden golden{info, {}};
        for (const auto& [name, spec] : info.at("tensors").items()) {
            Tensor tensor = Tensor::uninitialized(
                types.at(spec.at("dtype")), Shape(spec.at("shape").get<std::vector<int64_t>>()));
            std::memcpy(tensor.raw(),
                        bytes.data() + 16 + header + spec.at("offset").get<uint64_t>(),
                        tensor.bytes());
            golden.tensors.emplace(name, std::move(tensor));
        }
        goldens.push_back(std::move(golden));
    }
    return goldens;
}

/// The largest difference, and the largest value that was expected.
struct Difference {
    double worst = 0, scale = 0;
};

inline Difference difference(const Tensor& actual, const Tensor& expected) {
    const Tensor a = actual.cast(DType::F64), b = expected.cast(DType::F64);
    Difference d;
    for (int64_t i = 0; i < a.elements(); ++i) {
        const auto at = static_cast<size_t>(i);
        const double x = a.data<double>()[at], y = b.data<double>()[at];
        d.worst =
            x == y ? d.worst : std::max(d.worst, std::isnan(x - y) ? INFINITY : std::abs(x - y));
        d.scale = std::max(d.scale, std::abs(y));
    }
    return d;
}

/// The goldens were computed in f64, the graph runs in f32: a chain of some operations rounds by a
/// few units of 2^-24 of the largest number in it.
inline void check_close(const Tensor& actual, const Tensor& expected, const std::string& what,
                        double relative = 4e-6, double absolute = 1e-6) {
    INFO(what);
    CHECK(actual.shape().to_string() == expected.shape().to_string());
    if (!(actual.shape() == expected.shape()))
        return;
    const Difference d = difference(actual, expected);
    INFO("largest difference " << d.worst << ", largest expected " << d.scale);
    CHECK(d.worst <= relative * d.scale + absolute);
}

} // namespace lamina::test
