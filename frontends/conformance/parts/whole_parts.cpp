// Models, data sets, formats and backends.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "case.hpp"
#include "compare.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "lamina/text.hpp"
#include "parts/fitting_net.hpp"
#include "parts/guarded.hpp"
#include "training.hpp"

namespace lamina::conformance {

namespace {

namespace fs = std::filesystem;

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (fs::temp_directory_path() / "lamina-check-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            fail(StatusCode::Io, "no folder can be made in " + fs::temp_directory_path().string());
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    fs::path operator/(const std::string& name) const { return path_ / name; }

  private:
    fs::path path_;
};

std::string sample_fault(const Dataset& data, Split split, int64_t index) {
    std::vector<std::byte> first;
    for (int time = 0; time < 2; ++time) {
        Guarded sample(static_cast<size_t>(data.sample().bytes()));
        const int64_t label = data.read(split, index, sample.data());
        if (label < 0 || label >= data.classes())
            return fmt::format("sample {} has the class {}, there are {}", index, label,
                               data.classes());
        if (!sample.fault().empty())
            return sample.fault();
        if (time == 1 && sample.content() != first)
            return fmt::format("sample {} is another one the second time", index);
        first = sample.content();
    }
    return "";
}

std::string store_fault(const Subject& subject) {
    const TemporaryFolder folder;
    std::string ending = subject.part.as<lm_format>().extensions;
    ending = ending.substr(0, ending.find(','));
    const std::string file = folder / ("model" + ending);
    Model model = dense_net("format").build();
    model.use("reference");
    model.initialize(1);
    model.save(file);
    if (!fs::exists(file))
        return "it writes no file";
    const auto read = [&](const std::string& path) {
        try {
            return Model::load(path); // where it holds the architecture
        } catch (const Error&) {
            Model same = dense_net("format").build();
            same.use("reference");
            same.load_weights(path);
            return same;
        }
    };
    Model again = read(file);
    again.use("reference");
    again.initialize(2); // what the file did not give gets other values
    if (again.weights_sha256() != model.weights_sha256())
        return "a model has other weights when it is read back";
    // Cut short anywhere, it must be refused; a crash ends this process and is told.
    std::ifstream stream(file, std::ios::binary);
    const std::string whole{std::istreambuf_iterator<char>(stream), {}};
    const std::string cut = folder / ("cut" + ending);
    for (size_t size = 0; size < whole.size(); size += whole.size() / 29 + 1) {
        std::ofstream(cut, std::ios::binary) << whole.substr(0, size);
        try {
            read(cut);
        } catch (const Error& e) {
            if (e.code() == StatusCode::Internal)
                return fmt::format("cut to {} of {} bytes, it says: {}", size, whole.size(),
                                   e.what());
            continue;
        }
        return fmt::format("cut to {} of {} bytes, it is read without a word", size, whole.size());
    }
    return "";
}

constexpr double kMostFlops = 2e9; // a second or two on the reference

} // namespace

PART_TEST(model) {
    std::string text;
    double flops = 0;
    check.run("builds, and its architecture reads back as it was", [&]() -> std::string {
        const TemporaryFolder folder;
        const Model model = Model::zoo(subject.spec());
        for (const LayerSummary& layer : model.summary())
            flops += layer.flops;
        text = model.architecture_json();
        const std::string file = folder / "model.json";
        std::ofstream(file) << text;
        return Model::load(file).architecture_json() == text ? "" : "it reads back otherwise";
    });
    if (flops == 0 || flops > kMostFlops)
        return check.skip("runs", fmt::format("a sample takes {:.1f} GFLOP, too many for the "
                                              "reference backend",
                                              flops / 1e9));
    const std::string spec = subject.spec();
    const Net net{"part/model", [spec] { return Model::zoo(spec); }, {1}};
    check.run("gives finite numbers", [&]() -> std::string {
        Model model = net.build();
        model.use("reference");
        model.initialize(1);
        Shape shape{1};
        for (const int64_t d : model.input_shape())
            shape.push_back(d);
        const Tensor x = make_inputs({net.name, "", {{shape, uniform()}}, {}, {}})[0];
        const Tensor predicted = model.predict(x, 1);
        for (const float v : predicted.data<float>())
            if (!std::isfinite(v))
                return fmt::format("it gives {}", v);
        return "";
    });
    for (const std::string& backend : subject.backends)
        check.add("predicts on " + backend + " as on reference", [&] {
            return check_prediction(net.name, {backend, nullptr, nullptr}, net, 1);
        });
}

PART_TEST(dataset) {
    std::shared_ptr<Dataset> data;
    try {
        data = Dataset::open(subject.spec(), subject.data_dir);
    } catch (const Error& e) {
        if (e.code() == StatusCode::NotFound || e.code() == StatusCode::Io ||
            e.code() == StatusCode::InvalidArgument)
            return check.skip("self-test", fmt::format("its data is not here; --data-dir says "
                                                       "where ({})",
                                                       e.what()));
        throw;
    }
    check.run("samples are the same each time, in their classes and within their bytes",
              [&]() -> std::string {
                  if (data->classes() < 1)
                      return "it has no classes";
                  for (const Split split : {Split::Train, Split::Test}) {
                      const int64_t n = data->size(split);
                      for (int64_t i = 0; i < n; i += std::max<int64_t>(1, n / 50))
                          if (std::string wrong = sample_fault(*data, split, i); !wrong.empty())
                              return wrong;
                      if (n > 0)
                          if (std::string wrong = sample_fault(*data, split, n - 1); !wrong.empty())
                              return wrong;
                  }
                  return data->size(Split::Train) > 0 ? "" : "it has no training samples";
              });
    check.run("a sample that is not there is refused", [&]() -> std::string {
        std::vector<std::byte> sample(static_cast<size_t>(data->sample().bytes()));
        try {
            data->read(Split::Train, data->size(Split::Train), sample.data());
        } catch (const Error&) {
            return "";
        }
        return "it is read without a word";
    });
}

PART_TEST(format) {
    check.run("a model is read back as it was written, and refused when cut short",
              [&] { return store_fault(subject); });
}

PART_TEST(backend) {
    for (const BackendStatus& b : list_backends())
        if (b.name == subject.name() && (!b.unavailable.empty() || b.devices.empty()))
            return check.skip("self-test", "unavailable here: " + b.unavailable);
    const std::string spec = subject.spec();
    const Target target{spec, Device::open(spec), Device::open("reference")};
    for (const Test& test : all_tests())
        if (test.mode == "contract" && !test.large)
            check.add(test.name, [&] { return test.run(target); });
    constexpr size_t kSample = 300;
    Tests operators = all_tests();
    std::erase_if(operators,
                  [](const Test& t) { return t.large || (t.mode != "test" && t.mode != "grad"); });
    for (const Test& test : sample(std::move(operators), kSample, 1))
        check.add(test.name, [&] { return test.run(target); });
}

} // namespace lamina::conformance
