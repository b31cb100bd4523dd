// Pictures as lines of text, "class,pixel,pixel,...", in train.csv and test.csv.
#include <cstdlib>
#include <cstring>

#include "lamina/plugin/dataset.hpp"

using namespace lamina::plugin;

namespace {

struct Table {
    std::vector<uint8_t> pixels, classes;
};

/// A number from 0 to 255 at `at`, which moves behind it and the comma or end of line that follows.
uint8_t number(const std::string& text, size_t& at, const std::string& where) {
    int value = 0;
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && value <= 255)
        value = 10 * value + (text[at++] - '0');
    if (at == begin || value > 255)
        invalid(where + ": expected a number from 0 to 255");
    return static_cast<uint8_t>(value);
}

Table read_table(const lm_host* host, const std::string& path, size_t pixels) {
    void* bytes = nullptr;
    uint64_t size = 0;
    call(host->read_file, path.c_str(), &bytes, &size);
    const std::string text(static_cast<const char*>(bytes), size);
    host->free(bytes);
    Table table;
    int64_t line = 1;
    for (size_t at = 0; at < text.size(); ++line, ++at) {
        const std::string where = path + ", line " + std::to_string(line);
        table.classes.push_back(number(text, at, where));
        for (size_t i = 0; i < pixels; ++i) {
            if (at >= text.size() || text[at] != ',')
                invalid(where + ": it has " + std::to_string(i) + " pixels, expected " +
                        std::to_string(pixels));
            table.pixels.push_back(number(text, ++at, where));
        }
        if (at < text.size() && text[at] != '\n')
            invalid(where + ": it has more than " + std::to_string(pixels) + " pixels");
    }
    return table;
}

class CsvPixels : public Dataset {
  public:
    CsvPixels(const Config& config, const std::string& folder) {
        info_.dims = {config.integer("height"), config.integer("width"),
                      config.integer("channels")};
        pixels_ = static_cast<size_t>(elements(info_.dims));
        train_ = read_table(config.host(), folder + "/train.csv", pixels_);
        test_ = read_table(config.host(), folder + "/test.csv", pixels_);
        info_.n_train = train_.classes.size();
        info_.n_test = test_.classes.size();
        uint8_t most = 0;
        for (const Table* t : {&train_, &test_})
            for (const uint8_t c : t->classes)
                most = c > most ? c : most;
        for (int c = 0; c <= most; ++c)
            info_.class_names.push_back(std::to_string(c));
        info_.scale = 1.0 / 255;
        info_.source = folder;
    }
    const DatasetInfo& info() const override { return info_; }
    int64_t read(Split split, uint64_t index, void* sample) const override {
        const Table& table = split == Split::Train ? train_ : test_;
        std::memcpy(sample, table.pixels.data() + index * pixels_, pixels_);
        return table.classes[index];
    }

  private:
    static int64_t elements(const std::vector<int64_t>& dims) {
        return dims[0] * dims[1] * dims[2];
    }
    DatasetInfo info_;
    size_t pixels_ = 0;
    Table train_, test_;
};

std::unique_ptr<Dataset> open_csv(const Config& config, const std::string& folder) {
    if (folder.empty())
        throw Error(LM_NOT_FOUND,
                    "csv_pixels: --data-dir must say where train.csv and test.csv are");
    return std::make_unique<CsvPixels>(config, folder);
}

} // namespace

LAMINA_DATASET(csv_pixels, R"({"height": {"type": "int", "min": 1, "max": 4096, "default": 28},
                               "width": {"type": "int", "min": 1, "max": 4096, "default": 28},
                               "channels": {"type": "int", "min": 1, "max": 4, "default": 1}})",
               "train.csv and test.csv: class,pixel,pixel,...", open_csv)
