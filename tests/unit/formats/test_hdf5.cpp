/// HDF5 files that are no model, or not one that can be read; lists too long for one attribute.
#include "hdf5.hpp"
#include "lamina/model.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>

using namespace lamina;
using Catch::Contains;
using Catch::StartsWith;
namespace hdf5 = lamina::plugin::hdf5;

namespace {

const std::string kGood =
    std::string(LAMINA_TEST_DATA_DIR) + "/keras/keras-2.15.0/dense_adam_amsgrad/";

/// A file made by `fill`.
template <class Fill>
std::string made(const TempFolder& folder, Fill fill) {
    std::string path = (folder / "made.h5").string();
    fill(hdf5::create_file(path));
    return path;
}

} // namespace

TEST_CASE("hdf5: a list too long for an attribute is split as Keras splits it, and read whole") {
    const TempFolder folder;
    std::vector<std::string> names;
    for (int i = 0; i < 5000; ++i)
        names.push_back("a_layer_with_a_long_name_" + std::to_string(i));
    const std::string path = made(folder, [&](hid_t file) {
        hdf5::write_texts(file, "layer_names", names);
        hdf5::write_text(file, "model_config", std::string(200000, 'x'));
    });
    hdf5::be_quiet();
    const hdf5::Id file = hdf5::open_file(path);
    CHECK(H5Aexists(file, "layer_names") == 0);
    CHECK(H5Aexists(file, "layer_names0") > 0);
    CHECK(H5Aexists(file, "layer_names1") > 0);
    CHECK(hdf5::texts(file, "layer_names") == names);
    CHECK(hdf5::text(file, "model_config") == std::string(200000, 'x'));
    CHECK_FALSE(hdf5::texts(file, "absent").has_value());
}

TEST_CASE("hdf5: a file that is none, or cut, is refused by name") {
    const TempFolder folder;
    const std::string whole = get(kGood + "model.h5");
    for (const size_t size : {size_t{0}, size_t{7}, size_t{100}, whole.size() / 2}) {
        put(folder / "cut.h5", whole.substr(0, size));
        INFO(size << " bytes");
        CHECK_THROWS_WITH(Model::load((folder / "cut.h5").string()),
                          StartsWith((folder / "cut.h5").string() + ": "));
    }
    CHECK_THROWS_WITH(Model::load((folder / "absent.h5").string()), Contains("absent.h5"));
}

TEST_CASE("hdf5: a file of something else, and weights without an architecture, are told apart") {
    const TempFolder folder;
    const auto zeros = [](std::span<std::byte> bytes) {
        std::fill(bytes.begin(), bytes.end(), std::byte{0});
    };
    CHECK_THROWS_WITH(Model::load(made(folder,
                                       [&](hid_t file) {
                                           hdf5::write(file, "temperature", {LM_F32, {1}}, zeros);
                                       })),
                      Contains("HDF5, but no model of Keras"));
    CHECK_THROWS_WITH(Model::load(kGood + "weights.h5"),
                      Contains("holds weights only") && Contains("--weights"));
    CHECK_THROWS_WITH(Model::load(made(folder,
                                       [](hid_t file) {
                                           hdf5::write_texts(file, "layer_names", {"dense"});
                                           hdf5::make_group(file, "dense");
                                       })),
                      Contains("`weight_names` of layer `dense` is missing"));
}

TEST_CASE("hdf5: a file of before Keras 1 without what it counts is refused") {
    const TempFolder folder;
    const auto write_count = [](hid_t object, const char* name, int count) {
        const hdf5::Id space(H5Screate(H5S_SCALAR), H5Sclose, "space");
        const hdf5::Id id(H5Acreate2(object, name, H5T_NATIVE_INT, space, H5P_DEFAULT, H5P_DEFAULT),
                          H5Aclose, name);
        H5Awrite(id, H5T_NATIVE_INT, &count);
    };
    CHECK_THROWS_WITH(
        Model::load(made(folder, [&](hid_t file) { write_count(file, "nb_layers", 1); })),
        Contains("layer_0"));
    CHECK_THROWS_WITH(Model::load(made(folder,
                                       [&](hid_t file) {
                                           write_count(file, "nb_layers", 1);
                                           hdf5::make_group(file, "layer_0");
                                       })),
                      Contains("the attribute `nb_params` is missing or no count"));
    CHECK_THROWS_WITH(Model::load(made(folder,
                                       [&](hid_t file) {
                                           write_count(file, "nb_layers", 1);
                                           write_count(hdf5::make_group(file, "layer_0"),
                                                       "nb_params", 0);
                                       })),
                      Contains("holds weights only") && Contains("--weights"));
}

TEST_CASE("hdf5: kernels of a file that names Theano are turned round in space") {
    const TempFolder folder;
    const std::string lenet =
        std::string(LAMINA_TEST_DATA_DIR) + "/keras/keras-2.15.0/lenet_small/";
    const std::string path = (folder / "theano.h5").string();
    put(path, get(lenet + "weights.h5"));
    {
        const hdf5::Id file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose, "open");
        H5Adelete(file, "backend");
        hdf5::write_text(file, "backend", "theano");
    }
    const Model plain = Model::load(lenet + "architecture.json", lenet + "weights.h5");
    const Model turned = Model::load(lenet + "architecture.json", path);
    const Tensor a = plain.variable("conv2d_2/kernel"), b = turned.variable("conv2d_2/kernel");
    const int64_t rows = a.shape()[0], columns = a.shape()[1], inner = a.shape()[2] * a.shape()[3];
    for (int64_t row = 0; row < rows; ++row)
        for (int64_t column = 0; column < columns; ++column)
            for (int64_t i = 0; i < inner; ++i)
                REQUIRE(
                    a.data<float>()[static_cast<size_t>((row * columns + column) * inner + i)] ==
                    b.data<float>()[static_cast<size_t>(
                        ((rows - 1 - row) * columns + columns - 1 - column) * inner + i)]);
    const Tensor dense = turned.variable("dense_1/kernel");
    CHECK(std::equal(dense.raw_bytes().begin(), dense.raw_bytes().end(),
                     plain.variable("dense_1/kernel").raw_bytes().begin()));
}
