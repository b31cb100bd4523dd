#include <algorithm>
#include <cstring>
#include <numeric>

#include "training.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("an epoch's order is a permutation, of its own for each epoch and seed") {
    std::vector<int64_t> plain(1000);
    std::iota(plain.begin(), plain.end(), 0);
    const auto first = shuffled(plain, 7, 0);
    CHECK(first == shuffled(plain, 7, 0));
    CHECK(first != plain);
    CHECK(first != shuffled(plain, 7, 1));
    CHECK(first != shuffled(plain, 8, 0));
    auto sorted = first;
    std::sort(sorted.begin(), sorted.end());
    CHECK(sorted == plain);
}

TEST_CASE("batches come in the order asked for, whatever the number of workers") {
    const std::vector<int64_t> order{5, 3, 9, 0, 1, 7, 3};
    for (const int workers : {1, 2, 5}) {
        DataLoader::Options options;
        options.batch_size = 3;
        options.workers = workers;
        options.ahead = 2;
        DataLoader loader(digits(), order, options);
        CHECK(loader.batches() == 3);
        Batch batch;
        size_t at = 0;
        std::vector<int64_t> sizes;
        while (loader.next(batch)) {
            sizes.push_back(batch.size());
            for (int64_t i = 0; i < batch.size(); ++i, ++at) {
                std::vector<uint8_t> expected(28 * 28);
                const int64_t label = digits()->read(Split::Train, order[at], expected.data());
                CHECK(batch.y.data<int64_t>()[static_cast<size_t>(i)] == label);
                CHECK(std::memcmp(batch.x.rows(i, i + 1).raw(), expected.data(), 28 * 28) == 0);
            }
        }
        CHECK(sizes == std::vector<int64_t>{3, 3, 1});
    }
}

TEST_CASE("a loader that is given up on ends its threads") {
    std::vector<int64_t> all(6000);
    std::iota(all.begin(), all.end(), 0);
    for (int i = 0; i < 10; ++i) {
        DataLoader::Options options;
        options.workers = 3;
        DataLoader loader(digits(), all, options);
        Batch batch;
        loader.next(batch);
    }
    SUCCEED("no thread is left hanging");
}
