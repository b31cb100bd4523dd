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

TEST_CASE("hdf5: the layouts of before Keras 1 are refused with the way out") {
    const TempFolder folder;
    CHECK_THROWS_WITH(
        Model::load(made(folder,
                         [](hid_t file) {
                             const hdf5::Id space(H5Screate(H5S_SCALAR), H5Sclose, "space");
                             const hdf5::Id count(H5Acreate2(file, "nb_layers", H5T_NATIVE_INT,
                                                             space, H5P_DEFAULT, H5P_DEFAULT),
                                                  H5Aclose, "nb_layers");
                         })),
        Contains("before Keras 1.0") && Contains("load and save it with Keras 2"));
}
