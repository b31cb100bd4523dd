#include "class_subset.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace lamina::datasets {
namespace {

using plugin::Dataset;
using plugin::Split;

class Subset : public Dataset {
  public:
    /// classes: of `data`, in their new order.
    Subset(std::unique_ptr<Dataset> data, const std::vector<int64_t>& classes)
        : data_(std::move(data)), info_(data_->info()), new_class_(info_.class_names.size(), -1) {
        std::vector<std::string> names;
        for (const int64_t c : classes) {
            new_class_[static_cast<size_t>(c)] = static_cast<int64_t>(names.size());
            names.push_back(info_.class_names[static_cast<size_t>(c)]);
        }
        info_.class_names = names;
        info_.n_train = keep(Split::Train, info_.n_train);
        info_.n_test = keep(Split::Test, info_.n_test);
    }

    const plugin::DatasetInfo& info() const override { return info_; }

    int64_t read(Split split, uint64_t index, void* sample) const override {
        const int64_t c = data_->read(split, kept_[part(split)][index], sample);
        return new_class_[static_cast<size_t>(c)];
    }

  private:
    static size_t part(Split split) { return split == Split::Train ? 0 : 1; }

    /// Returns how many samples of the split are left.
    uint64_t keep(Split split, uint64_t count) {
        size_t bytes = info_.dtype == LM_U8 ? 1 : 4;
        for (const int64_t d : info_.dims)
            bytes *= static_cast<size_t>(d);
        std::vector<uint8_t> sample(bytes);
        auto& kept = kept_[part(split)];
        for (uint64_t i = 0; i < count; ++i)
            if (new_class_[static_cast<size_t>(data_->read(split, i, sample.data()))] >= 0)
                kept.push_back(i);
        return kept.size();
    }

    std::unique_ptr<Dataset> data_;
    plugin::DatasetInfo info_;
    std::vector<int64_t> new_class_; // of each of the whole set; -1: left out
    std::array<std::vector<uint64_t>, 2> kept_;
};

/// The text as a whole number.
std::optional<int64_t> number(const std::string& text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

/// "5" and "5-9" by number, anything else by name; nothing where it is none of the set.
std::vector<int64_t> classes_of(const std::string& word, const std::vector<std::string>& names) {
    const auto count = static_cast<int64_t>(names.size());
    const size_t dash = word.find('-');
    const auto first = number(word.substr(0, dash));
    const auto last = dash == std::string::npos ? first : number(word.substr(dash + 1));
    std::vector<int64_t> out;
    if (first && last) {
        for (int64_t c = *first; c <= *last && *first >= 0 && *last < count; ++c)
            out.push_back(c);
    } else if (const auto at = std::find(names.begin(), names.end(), word); at != names.end()) {
        out.push_back(at - names.begin());
    }
    return out;
}

} // namespace

std::unique_ptr<Dataset> only_classes(std::unique_ptr<Dataset> data, const std::string& classes,
                                      const std::string& name) {
    const std::vector<std::string>& names = data->info().class_names;
    const auto refuse = [&](const std::string& why) {
        std::string known;
        for (size_t i = 0; i < names.size(); ++i)
            known += (i > 0 ? ", " : "") + std::to_string(i) + " " + names[i];
        plugin::invalid(name + ": `classes` " + classes + ": " + why + "; there are " + known +
                        "\n  hint: classes=5-9, classes=0+3+7 or classes=" + names.front() + "+" +
                        names.back());
    };
    std::vector<int64_t> chosen;
    for (size_t at = 0; at <= classes.size();) {
        const size_t end = std::min(classes.find('+', at), classes.size());
        const std::string word = classes.substr(at, end - at);
        const auto of_word = classes_of(word, names);
        if (of_word.empty())
            refuse("`" + word + "` is no class");
        for (const int64_t c : of_word) {
            if (std::find(chosen.begin(), chosen.end(), c) != chosen.end())
                refuse("class " + std::to_string(c) + " is there twice");
            chosen.push_back(c);
        }
        at = end + 1;
    }
    if (chosen.size() < 2)
        refuse("at least two classes are needed");
    return std::make_unique<Subset>(std::move(data), chosen);
}

} // namespace lamina::datasets
