// A folder of pictures, one folder a class: DIR/cat/1.jpg, or DIR/train/cat/1.jpg with DIR/test,
// DIR/validation or DIR/val beside it. Classes are numbered in the order of their names, as in
// Keras's image_dataset_from_directory.

#include "image_folder.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "host_file.hpp"
#include "status.hpp"

namespace lamina::datasets {
namespace {

namespace fs = std::filesystem;
using plugin::Error;

struct File {
    fs::path path;
    int64_t label;
};

struct Picture {
    int width;
    int height;
    int channels;
    std::unique_ptr<uint8_t, FreeByHost> pixels;
};

bool is_picture(const fs::path& path) {
    std::string extension = path.extension().string();
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension == ".png" || extension == ".jpg" || extension == ".jpeg" ||
           extension == ".webp";
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

std::vector<fs::path> sorted_entries(const fs::path& folder) {
    std::vector<fs::path> entries;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error))
        if (!is_hidden(entry->path()))
            entries.push_back(entry->path());
    if (error)
        throw Error(LM_IO, folder.string() + ": cannot read: " + error.message());
    std::sort(entries.begin(), entries.end());
    return entries;
}

std::vector<std::string> class_folders(const fs::path& folder) {
    std::vector<std::string> names;
    for (const fs::path& entry : sorted_entries(folder))
        if (fs::is_directory(status_of(entry)))
            names.push_back(entry.filename().string());
    return names;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

class ImageFolder : public plugin::Dataset {
  public:
    ImageFolder(const lm_host* host, const ImageFolderOptions& options, const fs::path& folder)
        : host_(host), options_(options) {
        if (!fs::is_directory(status_of(folder)))
            throw Error(LM_NOT_FOUND,
                        std::string(options_.name) + ": there is no folder " + folder.string());
        const bool split = fs::is_directory(status_of(folder / "train"));
        const fs::path train = split ? folder / "train" : folder;
        info_.class_names =
            options_.class_names.empty() ? class_folders(train) : options_.class_names;
        list(train, train_);
        if (train_.empty())
            throw Error(LM_NOT_FOUND, std::string(options_.name) + ": no pictures in " +
                                          train.string() +
                                          "\n  hint: expected a folder for each class with .png, "
                                          ".jpg, .jpeg or .webp files in it, as " +
                                          (train / "cat" / "1.jpg").string());
        if (split)
            for (const char* name : {"test", "validation", "val"})
                if (test_.empty() && fs::is_directory(status_of(folder / name)))
                    list(folder / name, test_);
        set_size();
        info_.n_train = train_.size();
        info_.n_test = test_.size();
        info_.scale = 1.0 / 255.0;
        info_.source = folder.string();
    }

    const plugin::DatasetInfo& info() const override { return info_; }

    int64_t read(plugin::Split split, uint64_t index, void* sample) const override {
        const File& file = (split == plugin::Split::Train ? train_ : test_)[index];
        const Picture picture = load(file.path);
        const auto bytes = static_cast<size_t>(info_.dims[0] * info_.dims[1] * info_.dims[2]);
        if (picture.height == info_.dims[0] && picture.width == info_.dims[1])
            std::memcpy(sample, picture.pixels.get(), bytes);
        else
            std::memcpy(sample, resized(picture, file.path).pixels.get(), bytes);
        return file.label;
    }

  private:
    void list(const fs::path& folder, std::vector<File>& files) const {
        for (const std::string& name : class_folders(folder)) {
            const auto found = std::find(info_.class_names.begin(), info_.class_names.end(), name);
            if (found == info_.class_names.end())
                throw Error(
                    LM_INVALID_ARGUMENT,
                    std::string(options_.name) + ": " + (folder / name).string() +
                        (options_.class_names.empty()
                             ? " is a class without training pictures"
                             : " is not one of the classes " + joined(options_.class_names)));
            const size_t before = files.size();
            for (const fs::path& entry : sorted_entries(folder / name))
                if (is_picture(entry) && fs::is_regular_file(entry))
                    files.push_back({entry, found - info_.class_names.begin()});
            if (files.size() == before)
                host_->log(LM_LOG_WARNING,
                           (std::string(options_.name) +
                            ": no .png, .jpg, .jpeg or .webp files in " + (folder / name).string())
                               .c_str());
        }
    }

    /// Height and width as configured, else those of the first training picture.
    void set_size() {
        info_.dims = {options_.height, options_.width, options_.channels};
        if (options_.height == 0) {
            const Picture first = load(train_.front().path);
            info_.dims = {first.height, first.width, options_.channels};
        }
    }

    Picture load(const fs::path& path) const {
        const HostFile file = read_whole(host_, path);
        lm_image image{};
        image.struct_size = sizeof image;
        try {
            plugin::call(host_->decode_image, file.bytes.data(), file.bytes.size(),
                         options_.channels, &image);
        } catch (const Error& error) {
            throw Error(error.code(), path.string() + ": " + error.what());
        }
        return {image.width, image.height, image.channels, {image.pixels, FreeByHost{host_}}};
    }

    Picture resized(const Picture& picture, const fs::path& path) const {
        const auto height = static_cast<int32_t>(info_.dims[0]);
        const auto width = static_cast<int32_t>(info_.dims[1]);
        if (options_.height == 0)
            plugin::invalid(path.string() + ": " + std::to_string(picture.width) + "x" +
                            std::to_string(picture.height) +
                            " pixels, but the first training picture has " + std::to_string(width) +
                            "x" + std::to_string(height) +
                            "\n  hint: --data image_folder:height=" + std::to_string(height) +
                            ",width=" + std::to_string(width) + " scales them all to one size");
        lm_image from{};
        from.struct_size = sizeof from;
        from.width = picture.width;
        from.height = picture.height;
        from.channels = picture.channels;
        from.pixels = picture.pixels.get();
        lm_image to{};
        to.struct_size = sizeof to;
        plugin::call(host_->resize_image, &from, width, height, options_.resampling.c_str(), &to);
        return {to.width, to.height, to.channels, {to.pixels, FreeByHost{host_}}};
    }

    const lm_host* host_;
    ImageFolderOptions options_;
    std::vector<File> train_;
    std::vector<File> test_;
    plugin::DatasetInfo info_;
};

std::unique_ptr<plugin::Dataset> open_configured(const plugin::Config& config,
                                                 const std::string& data_dir) {
    if (data_dir.empty())
        plugin::invalid("image_folder: --data-dir is missing: the folder that has a folder of "
                        "pictures for each class");
    if (config.has("height") != config.has("width"))
        plugin::invalid("image_folder: height and width go together");
    ImageFolderOptions options;
    options.channels = static_cast<int>(config.integer("channels"));
    options.height = config.integer("height", 0);
    options.width = config.integer("width", 0);
    options.resampling = config.string("resampling");
    return open_image_folder(config.host(), options, data_dir);
}

LAMINA_DATASET(image_folder, R"({
    "height": {"type": "int", "nullable": true, "default": null, "min": 1,
               "doc": "pixels that every picture is scaled to"},
    "width": {"type": "int", "nullable": true, "default": null, "min": 1,
              "doc": "pixels that every picture is scaled to"},
    "channels": {"type": "int", "default": 3, "enum": [1, 3, 4],
                 "doc": "1 grey, 3 RGB, 4 RGBA"},
    "resampling": {"type": "string", "default": "bilinear", "enum": ["nearest", "bilinear"]}
})",
               "PNG, JPEG and WebP pictures in a folder for each class", open_configured)

} // namespace

std::unique_ptr<plugin::Dataset>
open_image_folder(const lm_host* host, const ImageFolderOptions& options, const fs::path& folder) {
    return std::make_unique<ImageFolder>(host, options, folder);
}

} // namespace lamina::datasets
