#include "training.hpp"

using namespace lamina;

namespace {

int64_t parameters(const std::string& name) {
    int64_t sum = 0;
    for (const LayerSummary& layer : Model::zoo(name).summary())
        sum += layer.parameters;
    return sum;
}

} // namespace

TEST_CASE("the zoo's nets have as many parameters as Keras counts in them") {
    CHECK(parameters("cifar10_simple") == 4'200'842);
    CHECK(parameters("cifar10_deep") == 1'676'842);
}

TEST_CASE("cifar10_deep takes other sizes and classes") {
    Model model = Model::zoo("cifar10_deep:input_shape=40x28x1,classes=3");
    CHECK(model.input_shape() == std::vector<int64_t>{40, 28, 1});
    CHECK(model.summary().back().output_shape == std::vector<int64_t>{-1, 3});
}
