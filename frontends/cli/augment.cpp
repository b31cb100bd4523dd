/// lamina augment: pictures as augmentation makes them, on a sheet or as files.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "interrupt.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/image.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "lamina/thread_pool.hpp"

namespace lamina::cli {

namespace {

namespace fs = std::filesystem;

constexpr int kGap = 4;                 // pixels between the pictures of a sheet
constexpr size_t kMostOnSheet = 10'000; // and the most of them
constexpr int64_t kCopiesAtOnce = 256;  // between two strokes of the progress bar

/// The pictures to be augmented, by number.
class Pictures {
  public:
    virtual ~Pictures() = default;
    virtual size_t count() const = 0;
    virtual Image load(size_t i) const = 0;
    /// The folder that a copy of it belongs in; "" for none.
    virtual fs::path folder(size_t i) const = 0;
};

bool can_be_written(const fs::path& path) {
    const std::string extension = lower(path.extension().string());
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

bool is_picture(const fs::path& path) {
    return can_be_written(path) || lower(path.extension().string()) == ".webp";
}

/// Files, and what lies in folders.
class PictureFiles : public Pictures {
  public:
    explicit PictureFiles(const std::vector<std::string>& sources) {
        for (const std::string& source : sources)
            if (is_folder(source))
                add_folder(source);
            else
                files_.push_back({source, {}});
    }
    size_t count() const override { return files_.size(); }
    Image load(size_t i) const override { return load_image(files_[i].path); }
    fs::path folder(size_t i) const override { return files_[i].folder; }

  private:
    struct File {
        fs::path path, folder;
    };

    void add_folder(const fs::path& source) {
        std::vector<File> found;
        std::error_code error;
        for (fs::recursive_directory_iterator entry(source, error), end; !error && entry != end;
             entry.increment(error))
            if (is_picture(entry->path()) && entry->is_regular_file(error))
                found.push_back(
                    {entry->path(), entry->path().parent_path().lexically_relative(source)});
        if (error)
            throw Error(StatusCode::Io,
                        fmt::format("{}: cannot read: {}", source.string(), error.message()));
        if (found.empty())
            throw Error(StatusCode::NotFound,
                        fmt::format("{}: there are no .png, .jpg, .jpeg or .webp files in it",
                                    source.string()));
        std::sort(found.begin(), found.end(),
                  [](const File& a, const File& b) { return a.path < b.path; });
        files_.insert(files_.end(), found.begin(), found.end());
    }

    std::vector<File> files_;
};

/// A data set's training samples.
class DatasetPictures : public Pictures {
  public:
    explicit DatasetPictures(std::shared_ptr<Dataset> data) : data_(std::move(data)) {
        const TensorType& sample = data_->sample();
        const bool pictures =
            sample.dtype == DType::U8 && sample.shape.rank() == 3 &&
            (sample.shape[2] == 1 || sample.shape[2] == 3 || sample.shape[2] == 4);
        if (!pictures)
            throw Error(StatusCode::Unsupported,
                        fmt::format("data set {} holds no pictures: its samples are {}",
                                    data_->name(), sample.shape.to_string()));
    }
    size_t count() const override { return static_cast<size_t>(data_->size(Split::Train)); }
    Image load(size_t i) const override {
        Image image = blank();
        data_->read(Split::Train, static_cast<int64_t>(i), image.pixels.data());
        return image;
    }
    fs::path folder(size_t i) const override {
        Image image = blank();
        const auto label = static_cast<size_t>(
            data_->read(Split::Train, static_cast<int64_t>(i), image.pixels.data()));
        const auto& names = data_->class_names();
        // A name such as T-shirt/top is one folder.
        std::string name = label < names.size() ? names[label] : std::to_string(label);
        std::replace(name.begin(), name.end(), '/', '-');
        return name;
    }

  private:
    Image blank() const {
        const Shape& shape = data_->sample().shape;
        return {static_cast<int>(shape[1]), static_cast<int>(shape[0]), static_cast<int>(shape[2]),
                std::vector<uint8_t>(static_cast<size_t>(shape.elements()))};
    }

    std::shared_ptr<Dataset> data_;
};

/// Values as pixels. Of normalized ones the least becomes black, the largest white, as Keras's
/// array_to_img does it.
std::vector<uint8_t> to_pixels(const std::vector<float>& values, bool normalized) {
    float low = 0, spread = 255;
    if (normalized) {
        const auto [least, largest] = std::minmax_element(values.begin(), values.end());
        low = *least;
        spread = *largest > *least ? *largest - *least : 1;
    }
    std::vector<uint8_t> pixels(values.size());
    std::transform(values.begin(), values.end(), pixels.begin(), [&](float v) {
        return static_cast<uint8_t>(std::clamp((v - low) / spread * 255 + 0.5f, 0.0f, 255.0f));
    });
    return pixels;
}

struct Plan {
    std::shared_ptr<Augmenter> augmenter;
    uint64_t seed;
    size_t count; // of copies
};

/// Copy k of a picture is what epoch k of a training shows.
Image augmented(const Image& image, const Plan& plan, size_t index, size_t copy) {
    std::vector<float> values(image.pixels.begin(), image.pixels.end());
    plan.augmenter->apply({image.height, image.width, image.channels}, values.data(),
                          {plan.seed, copy, index});
    return {image.width, image.height, image.channels,
            to_pixels(values, plan.augmenter->normalizes())};
}

/// Scaled down until no side is longer.
Image fitted(const Image& image, int longest) {
    const int side = std::max(image.width, image.height);
    if (side <= longest)
        return image;
    const auto scaled = [&](int extent) {
        return std::max(
            1, static_cast<int>(std::lround(static_cast<double>(extent) * longest / side)));
    };
    return resize(image, scaled(image.width), scaled(image.height), Resampling::Bilinear);
}

/// Rows of pictures on white.
class Sheet {
  public:
    Sheet(size_t columns, size_t pictures) : columns_(columns), pictures_(pictures) {}

    void put(size_t at, const Image& image) {
        pictures_[at] = convert(image, 3);
        width_ = std::max(width_, image.width);
        height_ = std::max(height_, image.height);
    }
    Image draw() const {
        const size_t rows = (pictures_.size() + columns_ - 1) / columns_;
        Image sheet{extent(columns_, width_), extent(rows, height_), 3, {}};
        sheet.pixels.assign(
            size_t{3} * static_cast<size_t>(sheet.width) * static_cast<size_t>(sheet.height), 255);
        for (size_t i = 0; i < pictures_.size(); ++i)
            paint(sheet, pictures_[i], extent(i % columns_, width_), extent(i / columns_, height_));
        return sheet;
    }

  private:
    static int extent(size_t cells, int size) {
        return kGap + static_cast<int>(cells) * (size + kGap);
    }
    static void paint(Image& sheet, const Image& picture, int left, int top) {
        const auto row = size_t{3} * static_cast<size_t>(picture.width);
        for (int y = 0; y < picture.height; ++y)
            std::copy_n(
                picture.pixels.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(y) * row),
                row, sheet.pixels.begin() + std::ptrdiff_t{3} * ((top + y) * sheet.width + left));
    }

    size_t columns_;
    std::vector<Image> pictures_;
    int width_ = 0, height_ = 0;
};

/// Calls work(picture, copy, image) for every copy of each of the first n pictures, several
/// pictures at a time.
template <class Work>
void for_each_copy(const Pictures& pictures, size_t n, const Plan& plan, ProgressMode mode,
                   Work work) {
    const EndOnSignals signals;
    ProgressBar bar("augmentation", n, "pictures", mode);
    const auto total = static_cast<int64_t>(n);
    const int64_t at_once = std::max<int64_t>(2 * default_pool().threads(),
                                              kCopiesAtOnce / static_cast<int64_t>(plan.count));
    std::atomic<int64_t> done = 0;
    const auto make = [&](size_t i) {
        const Image image = pictures.load(i);
        for (size_t copy = 0; copy < plan.count; ++copy) {
            if (end_asked() != 0)
                return;
            work(i, copy, augmented(image, plan, i, copy));
        }
        ++done;
    };
    for (int64_t begin = 0; begin < total; begin += at_once) {
        default_pool().parallel_for(std::min(at_once, total - begin), 1,
                                    [&](int64_t first, int64_t last) {
                                        for (int64_t i = first; i < last; ++i)
                                            make(static_cast<size_t>(begin + i));
                                    });
        bar.update(static_cast<size_t>(done), "");
        if (end_asked() != 0 && done < total)
            throw Error(StatusCode::Cancelled,
                        fmt::format("the augmentation was stopped after {} of {} pictures",
                                    done.load(), total));
    }
    bar.finish("");
}

void draw_sheet(const Options& o, const Pictures& pictures, size_t n, const Plan& plan) {
    if (n > kMostOnSheet / plan.count)
        throw UsageError(fmt::format("--output {}: {} times {} pictures do not fit on a sheet; "
                                     "--limit takes only the first so many",
                                     o.text("output"), n, plan.count));
    // One picture's copies fill a square; of several, each has a row.
    const auto columns =
        n > 1 ? plan.count
              : static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(plan.count))));
    std::vector<Image> cells(n * plan.count);
    for_each_copy(pictures, n, plan, progress_mode(o),
                  [&](size_t i, size_t copy, const Image& image) {
                      cells[i * plan.count + copy] = fitted(image, o.get<int>("size"));
                  });
    Sheet sheet(columns, cells.size());
    for (size_t i = 0; i < cells.size(); ++i)
        sheet.put(i, cells[i]);
    save_image(sheet.draw(), o.text("output"));
}

void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw Error(StatusCode::Io, fmt::format("--save-to {}: cannot make the folder: {}",
                                                folder.string(), error.message()));
}

void save_copies(const Options& o, const Pictures& pictures, size_t n, const Plan& plan) {
    const fs::path target = o.text("save-to");
    make_folder(target);
    for_each_copy(pictures, n, plan, progress_mode(o),
                  [&](size_t i, size_t copy, const Image& image) {
                      const fs::path folder = target / pictures.folder(i);
                      if (copy == 0)
                          make_folder(folder);
                      save_image(image, folder / fmt::format("{}_{}_{}.{}", o.text("prefix"), i,
                                                             copy, o.text("format")));
                  });
}

/// What --augment may say, for the help.
std::string list_augmentations() {
    std::string text = "augmentations:\n";
    for (const PartInfo& part : Registry::global().list("augmentation"))
        text += fmt::format(
            "  {:<30} {}\n", part.name,
            Registry::global().find("augmentation", part.name).as<lm_augmentation>().doc);
    return text + "and fill_mode=constant|nearest|reflect|wrap (nearest), cval=VALUE (0), "
                  "interpolation=nearest|bilinear (bilinear) for what is moved\n";
}

void add_options(Options& o) {
    o.add()("picture", po::value<std::vector<std::string>>(),
            "PNG, JPEG or WebP files, or folders of them")(
        "data", po::value<std::string>(),
        "a data set's training pictures instead: NAME[:key=value,...]")(
        "data-dir", po::value<std::string>()->default_value(""), "folder of the data set's files")(
        "augment", po::value<std::string>()->required(),
        "NAME, NAME=VALUE or NAME={\"key\": value}, with commas between; a value may be LOW:HIGH")(
        "count", po::value<int>()->default_value(16), "how many copies of each picture")(
        "output", po::value<std::string>(), "draw them on one sheet (.png or .jpg)")(
        "size", po::value<int>()->default_value(256),
        "longest side of a picture on the sheet, in pixels; none is scaled up")(
        "save-to", po::value<std::string>(),
        "write each to this folder, as PREFIX_PICTURE_COPY.FORMAT, below the picture's own folder "
        "or class")("prefix", po::value<std::string>()->default_value("augmented"),
                    "begins the files' names")(
        "format", po::value<std::string>()->default_value("png"), "png, jpeg or jpg")(
        "limit", po::value<int64_t>()->default_value(0), "only the first so many pictures")(
        "seed", po::value<int64_t>()->default_value(1), "of what is drawn");
    add_progress_options(o);
    o.positional("picture", -1);
}

void check_options(const Options& o) {
    expect_at_least("count", o.get<int>("count"), 1);
    expect_at_least("size", o.get<int>("size"), 1);
    expect_at_least<int64_t>("limit", o.get<int64_t>("limit"), 0);
    expect_at_least<int64_t>("seed", o.get<int64_t>("seed"), 0);
    if (o.has("picture") == o.has("data"))
        throw UsageError("give pictures (or a folder of them), or --data NAME\n  see: lamina "
                         "augment --help");
    if (o.has("output") == o.has("save-to"))
        throw UsageError("give --output SHEET.png for one sheet, or --save-to FOLDER for a file "
                         "each\n  see: lamina augment --help");
    const std::string format = o.text("format");
    if (format != "png" && format != "jpeg" && format != "jpg")
        throw UsageError(fmt::format("--format must be png, jpeg or jpg, got {}", format));
    if (o.has("output") && !can_be_written(o.text("output")))
        throw UsageError(
            fmt::format("--output {}: its name must end in .png, .jpg or .jpeg", o.text("output")));
    if (o.text("prefix").find('/') != std::string::npos)
        throw UsageError(fmt::format("--prefix {}: it must not contain a /", o.text("prefix")));
    expect_writable(o, "output");
}

} // namespace

int augment(const Arguments& arguments) {
    Options o("lamina augment PICTURE... --augment NAME=VALUE,... [options]",
              "What augmentation makes of pictures: copies on a sheet, or in a folder.");
    add_options(o);
    if (!o.parse(arguments)) {
        std::cout << '\n' << list_augmentations();
        return 0;
    }
    check_options(o);
    const Plan plan{open_augmenter(o), static_cast<uint64_t>(o.get<int64_t>("seed")),
                    static_cast<size_t>(o.get<int>("count"))};
    std::unique_ptr<Pictures> pictures;
    if (o.has("data")) {
        const auto data = open_data(o);
        pictures = std::make_unique<DatasetPictures>(data);
        plan.augmenter->fit(*data);
    } else {
        pictures = std::make_unique<PictureFiles>(o.get<std::vector<std::string>>("picture"));
        if (plan.augmenter->learns())
            throw UsageError("--augment: a featurewise normalization and ZCA learn from a data "
                             "set: give --data NAME instead of pictures");
    }
    const auto limit = static_cast<size_t>(o.get<int64_t>("limit"));
    const size_t n = limit > 0 ? std::min(limit, pictures->count()) : pictures->count();
    if (o.has("output"))
        draw_sheet(o, *pictures, n, plan);
    else
        save_copies(o, *pictures, n, plan);
    const std::string target = o.has("output") ? o.text("output") : o.text("save-to");
    if (o.flag("json"))
        std::cout << nlohmann::ordered_json{{"pictures", n},
                                            {"copies", n * plan.count},
                                            {"target", target}}
                         .dump()
                  << '\n';
    else
        std::cout << fmt::format("{} copies of {} in {}\n", n * plan.count,
                                 count_of(static_cast<long long>(n), "picture"), target);
    return 0;
}

} // namespace lamina::cli
