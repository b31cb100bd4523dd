#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "golden.hpp"
#include "lamina/augmentation.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "lamina/image.hpp"
#include "temp_folder.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

std::string refusal(const std::string& text) {
    try {
        Augmenter::parse(text);
        return "no error";
    } catch (const UsageError& e) {
        return e.what();
    }
}

std::vector<float> applied(const Augmenter& augmenter, const Tensor& x, const SampleKey& key) {
    std::vector<float> y(x.data<float>().begin(), x.data<float>().end());
    augmenter.apply(x.shape(), y.data(), key);
    return y;
}

std::vector<float> applied(const std::string& text, const Tensor& x, const SampleKey& key = {}) {
    return applied(*Augmenter::parse(text), x, key);
}

/// 0, 1, 2, ...
Tensor counting(const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    std::iota(values.begin(), values.end(), 0.0f);
    return Tensor::from(values, shape);
}

std::shared_ptr<Dataset> digits() {
    static const auto data = Dataset::open("mnist:sample");
    return data;
}

/// u8 [N, H, W, C] as a data set that the engine opens.
std::shared_ptr<Dataset> as_data_set(const Tensor& samples, const TempFolder& folder) {
    std::filesystem::create_directories(folder / "a");
    const Shape& shape = samples.shape();
    for (int64_t i = 0; i < shape[0]; ++i) {
        const Tensor one = samples.rows(i, i + 1);
        Image image{
            static_cast<int>(shape[2]), static_cast<int>(shape[1]), static_cast<int>(shape[3]), {}};
        image.pixels.assign(one.data<uint8_t>().begin(), one.data<uint8_t>().end());
        save_image(image, folder / ("a/" + std::to_string(1000 + i) + ".png"));
    }
    return Dataset::open("image_folder:channels=" + std::to_string(shape[3]),
                         folder.path().string());
}

/// The pictures of some batches, byte for byte.
std::string bytes_of_epoch(const std::string& text, int workers, uint64_t epoch,
                           int64_t batch_size = 16) {
    std::vector<int64_t> order(100);
    std::iota(order.begin(), order.end(), 40);
    DataLoader::Options options;
    options.batch_size = batch_size;
    options.workers = workers;
    options.seed = 3;
    options.epoch = epoch;
    options.augmenter = Augmenter::parse(text);
    DataLoader loader(digits(), order, options);
    std::string bytes;
    for (Batch batch; loader.next(batch);)
        bytes.append(reinterpret_cast<const char*>(batch.x.raw()), batch.x.bytes());
    return bytes;
}

} // namespace

TEST_CASE(
    "augmentation: with the same draws a picture becomes what ImageDataGenerator makes of it") {
    int checked = 0;
    for (const Golden& golden : read_goldens("augmentation")) {
        if (golden.kind() != "augmenter")
            continue;
        INFO(golden.name() << ": " << golden.info.at("text"));
        const auto key = golden.info.at("key").get<std::vector<uint64_t>>();
        const auto y = applied(golden.info.at("text").get<std::string>(), golden["x"],
                               {key[0], key[1], key[2]});
        const auto expected = golden["y"].data<float>();
        // Brightness cuts to whole numbers: a rounding before it may make one of difference.
        const bool cut = golden.info.at("brightness");
        size_t others = 0;
        float worst = 0;
        for (size_t i = 0; i < y.size(); ++i) {
            const float difference = std::abs(y[i] - expected[i]);
            if (cut && difference > 1e-3f && difference <= 1.01f)
                ++others;
            else
                worst = std::max(worst, difference);
        }
        CHECK(worst < 1e-3f);
        CHECK(others <= y.size() / 50);
        ++checked;
    }
    CHECK(checked == 10 * 4 * 3 + 3 + 2);
}

TEST_CASE("augmentation: what is fitted normalizes as ImageDataGenerator does") {
    int checked = 0;
    for (const Golden& golden : read_goldens("augmentation")) {
        if (golden.kind() != "fitted")
            continue;
        INFO(golden.name());
        const Tensor& samples = golden["samples"];
        const Shape& shape = samples.shape();
        const Shape one{shape[1], shape[2], shape[3]};
        const TempFolder folder;
        const auto data = as_data_set(samples, folder);
        const auto augmenter = Augmenter::parse(golden.info.at("text").get<std::string>());
        augmenter->fit(*data);
        const auto expected = golden["y"].data<float>();
        float largest = 0, worst = 0;
        for (int64_t i = 0; i < shape[0]; ++i) {
            std::vector<float> y(static_cast<size_t>(one.elements()));
            data->read_f32(Split::Train, i, y.data());
            augmenter->apply(one, y.data(), {});
            for (size_t k = 0; k < y.size(); ++k) {
                const float wanted = expected[static_cast<size_t>(i) * y.size() + k];
                largest = std::max(largest, std::abs(wanted));
                worst = std::max(worst, std::abs(y[k] - wanted));
            }
        }
        CHECK(worst < 1e-4f * largest);
        ++checked;
    }
    CHECK(checked == 10);
}

TEST_CASE("augmentation: the draws depend on seed, epoch and index alone, whoever makes them") {
    const std::string five =
        "rotation=40,width_shift=0.2,height_shift=0.2,zoom=0.2,horizontal_flip,"
        "cutout=6,crop=2,brightness=0.5:1.5,channel_shift=20,contrast=0.3";
    const std::string one = bytes_of_epoch(five, 1, 4);
    CHECK(one.size() == 100 * 28 * 28 * 4);
    CHECK(one == bytes_of_epoch(five, 8, 4));
    CHECK(one == bytes_of_epoch(five, 3, 4, 7));
    CHECK(one != bytes_of_epoch(five, 1, 5));
}

TEST_CASE("augmentation: the order in which names are given does not matter") {
    const Tensor x = counting({8, 8, 3});
    const SampleKey key{1, 2, 3};
    CHECK(applied("horizontal_flip,rescale=2,rotation=30,zoom=0.3", x, key) ==
          applied("zoom=0.3,rotation=30,horizontal_flip,rescale=2", x, key));
}

TEST_CASE("augmentation: half of the pictures are flipped") {
    const Tensor x = counting({2, 3, 2});
    const std::vector<float> mirrored{4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7};
    const std::vector<float> upside_down{6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5};
    const std::vector<float> same(x.data<float>().begin(), x.data<float>().end());
    int flipped = 0;
    for (uint64_t i = 0; i < 1000; ++i) {
        const auto y = applied("horizontal_flip", x, {5, 0, i});
        CHECK((y == same || y == mirrored));
        flipped += y == mirrored ? 1 : 0;
        const auto z = applied("vertical_flip", x, {5, 0, i});
        CHECK((z == same || z == upside_down));
    }
    CHECK(std::abs(flipped - 500) < 80); // five standard deviations
}

TEST_CASE(
    "augmentation: crop moves by whole pixels up to its padding, and pads with what it is told") {
    const Tensor x = counting({4, 5, 1});
    bool moved_down = false, moved_left = false;
    for (uint64_t i = 0; i < 200; ++i) {
        const auto y = applied("crop={\"padding\": 2, \"value\": -1}", x, {1, 0, i});
        // Wherever pixel (1, 2) went, all that is in sight went with it.
        int64_t down = 99, right = 99;
        for (int64_t r = 0; r < 4; ++r)
            for (int64_t c = 0; c < 5; ++c)
                if (y[static_cast<size_t>(5 * r + c)] == 7) {
                    down = r - 1;
                    right = c - 2;
                }
        if (down == 99) // out of sight
            continue;
        REQUIRE((std::abs(down) <= 2 && std::abs(right) <= 2));
        moved_down = moved_down || down == 2;
        moved_left = moved_left || right == -2;
        for (int64_t r = 0; r < 4; ++r)
            for (int64_t c = 0; c < 5; ++c) {
                const int64_t from_r = r - down, from_c = c - right;
                const bool inside = from_r >= 0 && from_r < 4 && from_c >= 0 && from_c < 5;
                CHECK(y[static_cast<size_t>(5 * r + c)] ==
                      (inside ? static_cast<float>(5 * from_r + from_c) : -1.0f));
            }
    }
    CHECK((moved_down && moved_left));
    const auto reflected = applied("crop={\"padding\": 9, \"mode\": \"reflect\"}", x, {1, 0, 0});
    CHECK(std::all_of(reflected.begin(), reflected.end(),
                      [](float v) { return v >= 0 && v < 20 && v == std::floor(v); }));
}

TEST_CASE("augmentation: cutout paints one square, of which its centre is in the picture") {
    const Tensor x = Tensor::from(std::vector<float>(9 * 12 * 3, 5), Shape{9, 12, 3});
    for (uint64_t i = 0; i < 100; ++i) {
        const auto y = applied("cutout={\"size\": 4, \"value\": 128}", x, {1, 0, i});
        const auto painted = std::count(y.begin(), y.end(), 128.0f);
        CHECK(painted % 3 == 0);
        CHECK((painted >= 3 * 2 * 2 && painted <= 3 * 4 * 4));
        CHECK(std::count(y.begin(), y.end(), 5.0f) ==
              static_cast<std::ptrdiff_t>(y.size()) - painted);
    }
}

TEST_CASE(
    "augmentation: shifts of whole numbers and of lists are as ImageDataGenerator draws them") {
    const Tensor x = counting({1, 9, 1});
    std::map<float, int> whole, listed;
    for (uint64_t i = 0; i < 500; ++i) {
        ++whole[applied("width_shift=3", x, {1, 0, i})[4]];
        ++listed[applied("width_shift=[1,4]", x, {1, 0, i})[4]];
    }
    CHECK(whole.size() == 5); // -2, -1, 0, 1, 2
    CHECK(whole.begin()->first == 2);
    std::vector<float> places;
    for (const auto& [at, count] : listed)
        places.push_back(at);
    CHECK(places == std::vector<float>{0, 3, 5, 8});
}

TEST_CASE("augmentation: normalizations alone are what validation sees") {
    const auto augmenter =
        Augmenter::parse("rotation=90,rescale=1/255,cutout=3,horizontal_flip=false");
    CHECK(augmenter->normalizes());
    CHECK_FALSE(augmenter->learns());
    CHECK(Augmenter::parse("featurewise_center")->learns());
    const Tensor x = counting({5, 5, 1});
    const auto y = applied(*augmenter->normalizations(), x, {1, 2, 3});
    for (size_t i = 0; i < y.size(); ++i)
        CHECK(y[i] == Approx(static_cast<double>(i) / 255));
    const auto geometric = Augmenter::parse("rotation=90");
    CHECK_FALSE(geometric->normalizes());
    CHECK(geometric->normalizations() == nullptr);
}

TEST_CASE("augmentation: what is wrong with a text is told, with the nearest name") {
    CHECK(refusal("rotation=40") == "no error");
    CHECK(refusal("rotatoin=40")
              .starts_with("--augment: no augmentation `rotatoin` (did you mean \"rotation\"?)\n  "
                           "there are: "));
    CHECK(refusal("fill_mod=wrap").find("did you mean \"fill_mode\"?") != std::string::npos);
    CHECK(refusal("rotation=-1") == "--augment rotation: `degrees` must be at least 0, got -1");
    CHECK(refusal("rotation=much") ==
          "--augment rotation: `degrees` must be a number, got \"much\"");
    CHECK(refusal("rotation") == "--augment rotation: `degrees` is missing");
    CHECK(refusal("rotation={\"degree\": 3}").find("did you mean \"degrees\"?") !=
          std::string::npos);
    CHECK(refusal("horizontal_flip=2") == "--augment horizontal_flip: it takes no value, got 2");
    CHECK(refusal("zoom=1.2:0.8").starts_with("--augment zoom: range: expected a number, or the"));
    CHECK(refusal("zoom=1").starts_with("--augment zoom: range: factors must be above 0"));
    CHECK(refusal("fill_mode=black") ==
          "--augment: `fill_mode` must be one of constant, nearest, reflect, wrap, got \"black\"");
    CHECK(refusal("rotation=1,rotation=2") == "--augment: rotation is given twice");
    CHECK(refusal("rotation=1,,zoom=0.1").find("a name is missing") != std::string::npos);
    CHECK(refusal("").find("a name is missing") != std::string::npos);
    CHECK(refusal("=3").find("a name is missing") != std::string::npos);
}

TEST_CASE("augmentation: only pictures can be augmented") {
    const auto augmenter = Augmenter::parse("horizontal_flip");
    std::vector<float> values(6);
    CHECK_THROWS_AS(augmenter->apply({6}, values.data(), {}), ShapeError);
}
