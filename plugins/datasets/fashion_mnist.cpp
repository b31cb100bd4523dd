// Fashion-MNIST: MNIST's sizes and files with pictures of clothes; Xiao, Rasul and Vollgraf, 2017.
// MIT licence.

#include "idx_dataset.hpp"

namespace lamina::datasets {
namespace {

std::unique_ptr<plugin::Dataset> open_fashion_mnist(const plugin::Config& config,
                                                    const std::string& data_dir) {
    const IdxSource source{
        "fashion_mnist",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "LAMINA_FASHION_MNIST_MIRROR",
        {"3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
         "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
         "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
         "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
        {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
         "Ankle boot"},
        "give the folder of the four files by --data-dir, or another mirror by "
        "LAMINA_FASHION_MNIST_MIRROR"};
    return open_idx_dataset(config.host(), source, data_dir, config.string("mirror", ""));
}

LAMINA_DATASET(fashion_mnist, R"({
    "mirror": {"type": "string", "nullable": true, "default": null,
               "doc": "the address that the four .gz files are downloaded from"}
})",
               "clothes, 28x28 grey, 60,000 for training and 10,000 for test", open_fashion_mnist)

} // namespace
} // namespace lamina::datasets
