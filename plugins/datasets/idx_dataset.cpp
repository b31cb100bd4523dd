#include "idx_dataset.hpp"

#include <array>
#include <cstdlib>
#include <cstring>

#include "idx.hpp"
#include "status.hpp"

namespace lamina::datasets {
namespace {

namespace fs = std::filesystem;
using plugin::Error;

constexpr std::array<const char*, 4> kStems{"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                            "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/// The file under one of the names in use, or an empty path.
fs::path find(const fs::path& folder, const std::string& stem) {
    std::string dotted = stem; // as some archives unpack: train-images.idx3-ubyte
    dotted[stem.find("-idx")] = '.';
    for (const std::string& name : {stem, stem + ".gz", dotted, dotted + ".gz"})
        if (fs::is_regular_file(status_of(folder / name)))
            return folder / name;
    return {};
}

std::array<fs::path, 4> find_all(const IdxSource& source, const fs::path& folder) {
    if (!fs::is_directory(status_of(folder)))
        throw Error(LM_NOT_FOUND, std::string(source.name) + ": there is no folder " +
                                      folder.string() + "\n  hint: " + source.hint);
    std::array<fs::path, 4> paths;
    for (size_t i = 0; i < kStems.size(); ++i) {
        paths[i] = find(folder, kStems[i]);
        if (paths[i].empty())
            throw Error(LM_NOT_FOUND, std::string(source.name) + ": " + folder.string() +
                                          " has no " + kStems[i] +
                                          ", plain or .gz\n  hint: " + source.hint);
    }
    return paths;
}

std::string mirror_of(const IdxSource& source, const std::string& given) {
    const char* variable = std::getenv(source.mirror_variable);
    std::string mirror = !given.empty()                               ? given
                         : variable != nullptr && variable[0] != '\0' ? variable
                                                                      : source.mirror;
    if (mirror.back() != '/')
        mirror += '/';
    return mirror;
}

std::array<fs::path, 4> find_or_download(const lm_host* host, const IdxSource& source,
                                         const std::string& given_mirror) {
    const fs::path folder = fs::path(host->cache_folder()) / "datasets" / source.name;
    const std::string mirror = mirror_of(source, given_mirror);
    std::array<fs::path, 4> paths;
    for (size_t i = 0; i < kStems.size(); ++i) {
        paths[i] = find(folder, kStems[i]);
        if (!paths[i].empty())
            continue;
        const std::string file = std::string(kStems[i]) + ".gz";
        paths[i] = folder / file;
        host->log(LM_LOG_INFO, ("downloading " + mirror + file).c_str());
        try {
            plugin::call(host->fetch, (mirror + file).c_str(), source.digests[i], paths[i].c_str());
        } catch (const Error& error) {
            if (error.code() == LM_CANCELLED)
                throw;
            throw Error(error.code(), std::string(source.name) + ": not in " + folder.string() +
                                          ", and the download failed\n  " + error.what() +
                                          "\n  hint: " + source.hint);
        }
    }
    return paths;
}

class IdxDataset : public plugin::Dataset {
  public:
    IdxDataset(const lm_host* host, const IdxSource& source, const std::array<fs::path, 4>& paths)
        : parts_{Part(host, paths[0], paths[1], source.class_names.size()),
                 Part(host, paths[2], paths[3], source.class_names.size())} {
        const auto& train = parts_[0].images.dims;
        const auto& test = parts_[1].images.dims;
        if (train[1] != test[1] || train[2] != test[2])
            throw Error(LM_IO, paths[2].string() + ": images of " + std::to_string(test[1]) + "x" +
                                   std::to_string(test[2]) + ", but the training images are " +
                                   std::to_string(train[1]) + "x" + std::to_string(train[2]));
        info_.dims = {train[1], train[2], 1};
        info_.n_train = static_cast<uint64_t>(train[0]);
        info_.n_test = static_cast<uint64_t>(test[0]);
        info_.class_names = source.class_names;
        info_.scale = 1.0 / 255.0;
        info_.source = paths[0].parent_path().string();
    }

    const plugin::DatasetInfo& info() const override { return info_; }

    int64_t read(plugin::Split split, uint64_t index, void* sample) const override {
        const Part& part = parts_[split == plugin::Split::Train ? 0 : 1];
        const auto size = static_cast<size_t>(info_.dims[0] * info_.dims[1]);
        std::memcpy(sample, part.images.data + index * size, size);
        return part.labels.data[index];
    }

  private:
    struct Part {
        Idx images;
        Idx labels;

        Part(const lm_host* host, const fs::path& image_file, const fs::path& label_file,
             size_t n_classes)
            : images(read_idx(host, image_file, 3)), labels(read_idx(host, label_file, 1)) {
            if (images.dims[0] != labels.dims[0])
                throw Error(LM_IO, label_file.string() + ": " + std::to_string(labels.dims[0]) +
                                       " labels for the " + std::to_string(images.dims[0]) +
                                       " images of " + image_file.string());
            for (int64_t i = 0; i < labels.dims[0]; ++i)
                if (labels.data[i] >= n_classes)
                    throw Error(LM_IO, label_file.string() + ": label " + std::to_string(i) +
                                           " is " + std::to_string(labels.data[i]) +
                                           ", expected 0 to " + std::to_string(n_classes - 1));
        }
    };

    std::array<Part, 2> parts_;
    plugin::DatasetInfo info_;
};

} // namespace

std::unique_ptr<plugin::Dataset> open_idx_dataset(const lm_host* host, const IdxSource& source,
                                                  const fs::path& folder,
                                                  const std::string& mirror) {
    const auto paths =
        folder.empty() ? find_or_download(host, source, mirror) : find_all(source, folder);
    return std::make_unique<IdxDataset>(host, source, paths);
}

} // namespace lamina::datasets
