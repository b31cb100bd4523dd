#include "picture_input.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "interrupt.hpp"

namespace lamina::cli {

namespace {

constexpr size_t kBatch = 32;

Preprocessing preprocessing_of(const Options& options, const Model& model) {
    if (options.has("preprocess"))
        return parse_preprocessing(options.text("preprocess"));
    return model.preprocessing().empty() ? Preprocessing::Unit
                                         : parse_preprocessing(model.preprocessing());
}

Resampling resampling_of(const std::string& name) {
    if (name == "nearest")
        return Resampling::Nearest;
    if (name == "bilinear")
        return Resampling::Bilinear;
    throw UsageError(fmt::format("--interpolation must be nearest or bilinear, got {}", name));
}

Image middle(const Image& image, int width, int height) {
    const int left = (image.width - width) / 2, top = (image.height - height) / 2;
    Image out{width, height, image.channels, {}};
    out.pixels.reserve(static_cast<size_t>(width) * static_cast<size_t>(height) *
                       static_cast<size_t>(image.channels));
    for (int y = 0; y < height; ++y) {
        const auto row = image.pixels.begin() +
                         (static_cast<ptrdiff_t>(top + y) * image.width + left) * image.channels;
        out.pixels.insert(out.pixels.end(), row,
                          row + static_cast<ptrdiff_t>(width) * image.channels);
    }
    return out;
}

} // namespace

void add_picture_options(Options& options) {
    options.add()(
        "preprocess", po::value<std::string>(),
        "how pixels become the model's input, by Keras's names: raw (0 to 255), unit (0 to "
        "1), tf (-1 to 1), caffe (BGR less ImageNet's mean) or torch; without: what the net "
        "of the zoo was trained on, else unit")("interpolation",
                                                po::value<std::string>()->default_value("bilinear"),
                                                "how pictures are resized: nearest or bilinear")(
        "crop", po::value<int>(),
        "resize the short side to this many pixels and take the middle, instead of resizing both "
        "sides to the model's");
}

PictureInput::PictureInput(const Options& options, const Model& model)
    : preprocessing_(preprocessing_of(options, model)),
      resampling_(resampling_of(options.text("interpolation"))) {
    const auto shape = model.input_shape();
    if (shape.size() != 3)
        throw Error(StatusCode::Unsupported,
                    fmt::format("model {} does not take pictures: its input is {}", model.name(),
                                Shape(shape).to_string()));
    height_ = static_cast<int>(shape[0]);
    width_ = static_cast<int>(shape[1]);
    channels_ = static_cast<int>(shape[2]);
    preprocess({}, channels_, preprocessing_); // refused here rather than at the first picture
    if (options.has("crop")) {
        short_side_ = options.get<int>("crop");
        expect_at_least("crop", *short_side_, std::max(height_, width_));
    }
}

Image PictureInput::sized(const std::string& file) const {
    Image image = load_image(file, channels_);
    if (!short_side_)
        return image.width == width_ && image.height == height_
                   ? image
                   : resize(image, width_, height_, resampling_);
    const double scale = static_cast<double>(*short_side_) /
                         static_cast<double>(std::min(image.width, image.height));
    const auto scaled = [&](int side) {
        return std::max(*short_side_, static_cast<int>(std::lround(side * scale)));
    };
    return middle(resize(image, scaled(image.width), scaled(image.height), resampling_), width_,
                  height_);
}

Tensor PictureInput::batch(std::span<const std::string> files) const {
    Tensor x = Tensor::uninitialized(
        DType::F32, {static_cast<int64_t>(files.size()), height_, width_, channels_});
    const std::span<float> all = x.data<float>();
    const size_t sample = all.size() / files.size();
    for (size_t i = 0; i < files.size(); ++i) {
        const std::span<float> target = all.subspan(i * sample, sample);
        std::ranges::copy(sized(files[i]).pixels, target.begin());
        preprocess(target, channels_, preprocessing_);
    }
    return x;
}

void CollectedRows::add(const Tensor& batch, size_t first, size_t files) {
    if (first == 0) {
        Shape whole = batch.shape();
        whole[0] = static_cast<int64_t>(files);
        all_ = Tensor::uninitialized(batch.dtype(), whole);
    }
    const auto begin = static_cast<int64_t>(first);
    Tensor rows = all_.rows(begin, begin + batch.shape().front());
    std::ranges::copy(batch.raw_bytes(), rows.raw_bytes().begin());
}

void each_batch(const PictureInput& input, const std::vector<std::string>& files,
                const char* progress_name, ProgressMode mode,
                const std::function<void(const Tensor& batch, size_t first)>& use) {
    const EndOnSignals signals;
    // One batch is no wait that anyone would want to see.
    ProgressBar bar(progress_name, files.size(), "images",
                    files.size() > kBatch ? mode : ProgressMode::Quiet);
    for (size_t begin = 0; begin < files.size();) {
        const size_t end = std::min(begin + kBatch, files.size());
        use(input.batch(std::span(files).subspan(begin, end - begin)), begin);
        begin = end;
        bar.update(begin, "");
        if (end_asked() != 0 && begin < files.size())
            throw Error(StatusCode::Cancelled,
                        fmt::format("the {} was stopped after {} of {} pictures", progress_name,
                                    begin, files.size()));
    }
    bar.finish("");
}

} // namespace lamina::cli
