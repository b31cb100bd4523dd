#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "lamina/text.hpp"
#include "picture_input.hpp"

namespace lamina::cli {

int features(const Arguments& arguments) {
    Options o(
        "lamina features MODEL FILE... --layer NAME --output FILE.h5 [options]",
        "What layers of a trained model give for pictures, as HDF5: a dataset [n, ...] of each "
        "layer's name, and the attribute `files`, a JSON list.");
    o.add()("model", po::value<std::string>()->required(),
            "a model file, or a zoo name with --weights")(
        "file", po::value<std::vector<std::string>>()->required(),
        "pictures")("weights", po::value<std::string>(),
                    "take the weights from this file, or a zoo net's published ones: imagenet")(
        "layer", po::value<std::string>()->required(),
        "the layers, parted by commas; `lamina summary MODEL` lists them")(
        "output", po::value<std::string>()->required(), "where to write (.h5 or .hdf5)")(
        "backend", po::value<std::string>()->default_value("openblas"), "NAME[:key=value,...]");
    add_picture_options(o);
    add_progress_options(o);
    add_backend_options(o);
    o.positional("model", 1);
    o.positional("file", -1);
    if (!o.parse(arguments))
        return 0;
    expect_writable(o, "output");
    const std::vector<std::string> layers = split(o.text("layer"), ',');
    Model model = open_model(o.text("model"), o.text("weights"), 0, progress_mode(o)).up_to(layers);
    use_backend(model, o, o.text("backend"));
    const PictureInput input(o, model);
    const auto files = o.get<std::vector<std::string>>("file");

    std::vector<CollectedRows> collected(layers.size());
    each_batch(input, files, "extraction", progress_mode(o),
               [&](const Tensor& batch, size_t first) {
                   const auto outputs = model.predict(std::vector<Tensor>{batch});
                   for (size_t i = 0; i < layers.size(); ++i)
                       collected[i].add(outputs[i], first, files.size());
               });
    std::vector<std::pair<std::string, Tensor>> tensors;
    auto shapes = nlohmann::ordered_json::object();
    for (size_t i = 0; i < layers.size(); ++i) {
        tensors.emplace_back(layers[i], collected[i].all());
        shapes[layers[i]] = collected[i].all().shape().dims();
    }
    save_tensors(o.text("output"), tensors, {{"files", nlohmann::json(files).dump()}});
    if (o.flag("json"))
        std::cout << nlohmann::ordered_json{{"output", o.text("output")}, {"layers", shapes}}.dump()
                  << '\n';
    else
        for (const auto& [name, data] : tensors)
            std::cout << fmt::format("{:<24} {}\n", name, data.shape().to_string());
    return 0;
}

} // namespace lamina::cli
