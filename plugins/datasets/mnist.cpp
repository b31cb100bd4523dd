// MNIST: 60,000 training and 10,000 test images of handwritten digits, 28x28 grey.
// LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/; CC BY-SA 3.0.

#include "idx_dataset.hpp"

namespace lamina::datasets {
namespace {

constexpr char kHint[] =
    "--data mnist:sample uses the bundled sample (6,000 training and 1,000 test digits); or "
    "give the folder of the four files by --data-dir, or another mirror by LAMINA_MNIST_MIRROR";

std::unique_ptr<plugin::Dataset> open_mnist(const plugin::Config& config,
                                            const std::string& data_dir) {
    const IdxSource source{"mnist",
                           "https://storage.googleapis.com/cvdf-datasets/mnist/",
                           "LAMINA_MNIST_MIRROR",
                           {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
                           {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                           kHint};
    const lm_host* host = config.host();
    if (config.boolean("sample")) {
        if (!data_dir.empty())
            plugin::invalid("mnist: sample=true and --data-dir exclude each other");
        return open_idx_dataset(host, source,
                                std::filesystem::path(host->data_folder()) / "mnist_sample", "");
    }
    return open_idx_dataset(host, source, data_dir, config.string("mirror", ""));
}

LAMINA_DATASET(mnist, R"({
    "sample": {"type": "bool", "default": false,
               "doc": "the bundled first 6,000 training and 1,000 test digits"},
    "mirror": {"type": "string", "nullable": true, "default": null,
               "doc": "the address that the four .gz files are downloaded from"}
})",
               "handwritten digits, 28x28 grey, 60,000 for training and 10,000 for test",
               open_mnist)

} // namespace
} // namespace lamina::datasets
