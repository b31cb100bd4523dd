// CIFAR-10: 50,000 training and 10,000 test photos of ten classes, 32x32 RGB.
// Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.

#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "class_subset.hpp"
#include "host_file.hpp"
#include "image_folder.hpp"
#include "lamina/plugin/dataset.hpp"
#include "pickle.hpp"
#include "status.hpp"
#include "tar.hpp"

namespace lamina::datasets {
namespace {

namespace fs = std::filesystem;
using plugin::Error;

constexpr size_t kSide = 32, kPlane = kSide * kSide, kPixels = 3 * kPlane;
constexpr size_t kRecord = 1 + kPixels; // of the binary version: the class, then R, G and B
constexpr const char* kBatches[] = {"data_batch_1", "data_batch_2", "data_batch_3",
                                    "data_batch_4", "data_batch_5", "test_batch"};
constexpr const char* kClasses[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                    "dog",      "frog",       "horse", "ship", "truck"};
constexpr size_t kClassCount = std::size(kClasses);

constexpr char kMirror[] = "https://www.cs.toronto.edu/~kriz/";
constexpr char kArchive[] = "cifar-10-binary.tar.gz";
constexpr char kArchiveDigest[] =
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd";

/// What the files of one kind hold: a batch's labels and its pictures, plane after plane.
struct Batch {
    std::vector<uint8_t> labels;
    /// Picture i begins at pictures[first + i * stride].
    std::span<const uint8_t> pictures;
    size_t first, stride;
};

[[noreturn]] void refuse(const std::string& file, const std::string& why) {
    throw Error(LM_IO, file + ": " + why);
}

uint8_t checked_label(int64_t label, size_t i, const std::string& file) {
    if (label < 0 || label >= static_cast<int64_t>(kClassCount))
        refuse(file, "label " + std::to_string(i) + " is " + std::to_string(label) +
                         ", expected 0 to " + std::to_string(kClassCount - 1));
    return static_cast<uint8_t>(label);
}

Batch binary_batch(std::span<const uint8_t> bytes, const std::string& file) {
    const std::string record = std::to_string(kRecord) + " bytes a picture";
    if (bytes.empty() || bytes.size() % kRecord != 0)
        refuse(file, "truncated, or not CIFAR-10's binary version: " + record + ", there are " +
                         std::to_string(bytes.size()) + " bytes");
    Batch batch{{}, bytes, 1, kRecord};
    for (size_t i = 0; i < bytes.size() / kRecord; ++i)
        batch.labels.push_back(checked_label(bytes[i * kRecord], i, file));
    return batch;
}

Batch pickled_batch(std::span<const uint8_t> bytes, const std::string& file) {
    const Pickle pickle(bytes, file);
    const auto* labels = pickle.find(pickle.root(), "labels");
    const auto* data = pickle.find(pickle.root(), "data");
    if (labels == nullptr || data == nullptr || labels->kind != Pickle::Value::Kind::List)
        refuse(file, "not a batch of CIFAR-10: expected a dictionary with `labels` and `data`");
    const ByteArray pictures = byte_array(pickle, *data, file);
    if (pictures.dims.size() != 2 || pictures.dims[1] != static_cast<int64_t>(kPixels) ||
        pictures.dims[0] != static_cast<int64_t>(labels->items.size()) || labels->items.empty())
        refuse(file, "its `data` must have " + std::to_string(kPixels) + " bytes for each of the " +
                         std::to_string(labels->items.size()) + " labels");
    Batch batch{{}, pictures.data, 0, kPixels};
    for (size_t i = 0; i < labels->items.size(); ++i) {
        const auto& label = pickle.item(*labels, i);
        batch.labels.push_back(
            checked_label(label.kind == Pickle::Value::Kind::Int ? label.integer : -1, i, file));
    }
    return batch;
}

/// The batches as their authors made them, in files of their own or in an archive.
class BatchFiles : public plugin::Dataset {
  public:
    explicit BatchFiles(const fs::path& source) {
        info_.dims = {kSide, kSide, 3};
        info_.class_names.assign(std::begin(kClasses), std::end(kClasses));
        info_.scale = 1.0 / 255.0;
        info_.source = source.string();
    }

    /// Keeps the memory that batches lie in.
    std::span<const uint8_t> keep(HostFile file) {
        files_.push_back(std::move(file));
        return files_.back().bytes;
    }

    void add(plugin::Split split, Batch batch) {
        uint64_t& count = split == plugin::Split::Train ? info_.n_train : info_.n_test;
        count += batch.labels.size();
        batches_[split == plugin::Split::Train ? 0 : 1].push_back(std::move(batch));
    }

    const plugin::DatasetInfo& info() const override { return info_; }

    int64_t read(plugin::Split split, uint64_t index, void* sample) const override {
        const auto& batches = batches_[split == plugin::Split::Train ? 0 : 1];
        size_t b = 0;
        for (; index >= batches[b].labels.size(); ++b)
            index -= batches[b].labels.size();
        const Batch& batch = batches[b];
        const uint8_t* planes = batch.pictures.data() + batch.first + index * batch.stride;
        auto* target = static_cast<uint8_t*>(sample);
        for (size_t p = 0; p < kPlane; ++p)
            for (size_t c = 0; c < 3; ++c)
                target[3 * p + c] = planes[c * kPlane + p];
        return batch.labels[index];
    }

  private:
    std::vector<HostFile> files_;
    std::array<std::vector<Batch>, 2> batches_;
    plugin::DatasetInfo info_;
};

/// How one kind of files stores a batch.
struct Layout {
    const char* extension; // of a batch
    const char* folder;    // that the archive unpacks to
    const char* archive;
    Batch (*parse)(std::span<const uint8_t>, const std::string& file);
};

constexpr Layout kLayouts[] = {
    {".bin", "cifar-10-batches-bin", kArchive, binary_batch},
    {"", "cifar-10-batches-py", "cifar-10-python.tar.gz", pickled_batch},
};

bool is_file(const fs::path& path) { return fs::is_regular_file(status_of(path)); }

plugin::Split split_of(const char* batch) {
    return std::strcmp(batch, "test_batch") == 0 ? plugin::Split::Test : plugin::Split::Train;
}

std::string hint(const lm_host* host) {
    return "\n  hint: --data-dir is the folder of data_batch_1.bin to data_batch_5.bin and "
           "test_batch.bin, or of data_batch_1 to data_batch_5 and test_batch, or of "
           "cifar-10-binary.tar.gz or cifar-10-python.tar.gz, or of train/ and test/ with a folder "
           "of PNGs for each class; without it " +
           (fs::path(host->cache_folder()) / "datasets/cifar10").string() +
           " is searched, then LAMINA_CIFAR10_MIRROR";
}

std::unique_ptr<BatchFiles> open_files(const lm_host* host, const Layout& layout,
                                       const fs::path& folder) {
    auto data = std::make_unique<BatchFiles>(folder);
    for (const char* name : kBatches) {
        fs::path path = folder / (std::string(name) + layout.extension);
        if (!is_file(path))
            path += ".gz";
        if (!is_file(path))
            throw Error(LM_NOT_FOUND, "cifar10: " + folder.string() + " has no " + name +
                                          layout.extension + ", plain or .gz" + hint(host));
        data->add(split_of(name), layout.parse(data->keep(read_whole(host, path)), path.string()));
    }
    return data;
}

std::unique_ptr<BatchFiles> open_archive(const lm_host* host, const Layout& layout,
                                         const fs::path& path) {
    auto data = std::make_unique<BatchFiles>(path);
    const auto archive = data->keep(read_whole(host, path));
    for (const char* name : kBatches) {
        const std::string member = std::string(name) + layout.extension;
        const auto bytes = tar_member(archive, member, path.string());
        if (bytes.empty())
            throw Error(LM_NOT_FOUND, path.string() + ": has no " + member + hint(host));
        data->add(split_of(name), layout.parse(bytes, path.string() + ": " + member));
    }
    return data;
}

bool has_batch(const fs::path& folder, const Layout& layout) {
    for (const char* name : kBatches)
        for (const char* packed : {"", ".gz"})
            if (is_file(folder / (std::string(name) + layout.extension + packed)))
                return true;
    return false;
}

bool has_pictures(const fs::path& folder) {
    return fs::is_directory(status_of(folder / "train")) ||
           fs::is_directory(status_of(folder / kClasses[0]));
}

/// What lies in the folder; nullptr when there is nothing of CIFAR-10's.
std::unique_ptr<plugin::Dataset> find(const lm_host* host, const fs::path& folder) {
    for (const Layout& layout : kLayouts) {
        for (const fs::path& place : {folder, folder / layout.folder})
            if (has_batch(place, layout))
                return open_files(host, layout, place);
        if (is_file(folder / layout.archive))
            return open_archive(host, layout, folder / layout.archive);
    }
    if (!has_pictures(folder))
        return nullptr;
    ImageFolderOptions options;
    options.name = "cifar10";
    options.class_names.assign(std::begin(kClasses), std::end(kClasses));
    auto pictures = open_image_folder(host, options, folder);
    if (const auto& dims = pictures->info().dims; dims[0] != kSide || dims[1] != kSide)
        plugin::invalid("cifar10: the pictures in " + folder.string() + " are " +
                        std::to_string(dims[1]) + "x" + std::to_string(dims[0]) +
                        ", expected 32x32\n  hint: --data image_folder takes other sizes");
    return pictures;
}

std::string mirror(const std::string& given) {
    const char* variable = std::getenv("LAMINA_CIFAR10_MIRROR");
    std::string address = !given.empty()                               ? given
                          : variable != nullptr && variable[0] != '\0' ? variable
                                                                       : kMirror;
    return address.back() == '/' ? address : address + '/';
}

std::unique_ptr<plugin::Dataset> download(const lm_host* host, const fs::path& folder,
                                          const std::string& url) {
    const fs::path path = folder / kArchive;
    host->log(LM_LOG_INFO, ("downloading " + url).c_str());
    try {
        plugin::call(host->fetch, url.c_str(), kArchiveDigest, path.c_str());
    } catch (const Error& error) {
        if (error.code() == LM_CANCELLED)
            throw;
        throw Error(error.code(), "cifar10: not in " + folder.string() +
                                      ", and the download failed\n  " + error.what() + hint(host));
    }
    return open_archive(host, kLayouts[0], path);
}

std::unique_ptr<plugin::Dataset> open_whole(const plugin::Config& config,
                                            const std::string& data_dir) {
    const lm_host* host = config.host();
    const bool searched = data_dir.empty();
    const fs::path folder =
        searched ? fs::path(host->cache_folder()) / "datasets" / "cifar10" : fs::path(data_dir);
    if (!searched && !fs::is_directory(status_of(folder)))
        throw Error(LM_NOT_FOUND, "cifar10: there is no folder " + folder.string() + hint(host));
    if (auto data = find(host, folder))
        return data;
    if (!searched)
        throw Error(LM_NOT_FOUND,
                    "cifar10: nothing of CIFAR-10 in " + folder.string() + hint(host));
    return download(host, folder, mirror(config.string("mirror", "")) + kArchive);
}

std::unique_ptr<plugin::Dataset> open_cifar10(const plugin::Config& config,
                                              const std::string& data_dir) {
    auto data = open_whole(config, data_dir);
    const std::string classes = config.string("classes", "");
    return classes.empty() ? std::move(data) : only_classes(std::move(data), classes, "cifar10");
}

LAMINA_DATASET(cifar10, R"({
    "classes": {"type": "string", "nullable": true, "default": null,
                "doc": "only these, counted anew: 5-9, 0-2+7 or cat+dog"},
    "mirror": {"type": "string", "nullable": true, "default": null,
               "doc": "the address that cifar-10-binary.tar.gz is downloaded from"}
})",
               "photos of ten classes, 32x32 RGB, 50,000 for training and 10,000 for test",
               open_cifar10)

} // namespace
} // namespace lamina::datasets
