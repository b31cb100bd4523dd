#include "training.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

FitOptions with_checkpoints(const TempFolder& folder) {
    FitOptions o = options(3);
    o.validation_split = 0.1;
    o.checkpoint_dir = folder.path().string();
    return o;
}

void expect_same_history(const History& a, const History& b) {
    REQUIRE(a.epochs.size() == b.epochs.size());
    for (size_t e = 0; e < a.epochs.size(); ++e)
        CHECK(a.epochs[e].values == b.epochs[e].values);
}

} // namespace

TEST_CASE("going on from a checkpoint gives the bits of an unbroken run") {
    for (const char* optimizer : {"adam", "sgd:momentum=0.9", "rmsprop"}) {
        TempFolder unbroken_folder;
        Model unbroken = small_net(optimizer);
        const FitResult whole = unbroken.fit(digits(), with_checkpoints(unbroken_folder));
        // Batches of the second epoch: after its first, in its middle, and at its end.
        for (const int64_t stop : {0, 1, 2}) {
            INFO(optimizer << ", stopped after batch " << stop << " of the second epoch");
            TempFolder folder;
            FitOptions o = with_checkpoints(folder);
            volatile int interrupted = 0;
            o.interrupted = &interrupted;
            o.callbacks.push_back(std::make_shared<AfterBatch>([&](const Callback::BatchEvent& e) {
                if (e.epoch == 1 && e.batch == stop)
                    interrupted = 1;
                return true;
            }));
            Model first = small_net(optimizer);
            const FitResult half = first.fit(digits(), o);
            REQUIRE(half.interrupted);
            REQUIRE_FALSE(half.checkpoint.empty());

            Model second = small_net(optimizer);
            FitOptions rest = with_checkpoints(folder);
            rest.resume = folder.path().string();
            const FitResult result = second.fit(digits(), rest);
            CHECK(second.weights_sha256() == unbroken.weights_sha256());
            expect_same_history(result.history, whole.history);
        }
    }
}

TEST_CASE("an interrupted run without a folder for checkpoints leaves one where it was told") {
    TempFolder folder;
    FitOptions o = options(3);
    volatile int interrupted = 1;
    o.interrupted = &interrupted;
    o.interrupt_dir = (folder / "stopped").string();
    Model model = small_net();
    const FitResult result = model.fit(digits(), o);
    CHECK(result.interrupted);
    CHECK(std::filesystem::exists(result.checkpoint));
}

TEST_CASE("a checkpoint of another run is refused with what differs") {
    TempFolder folder;
    FitOptions o = with_checkpoints(folder);
    o.epochs = 1;
    small_net().fit(digits(), o);
    o.resume = folder.path().string();
    const auto resumes_with = [&](auto change) {
        FitOptions changed = o;
        changed.epochs = 2;
        change(changed);
        small_net().fit(digits(), changed);
    };
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.seed = 99; }), Contains("--seed"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.batch_size = 16; }),
                      Contains("--batch-size"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.train_limit = 90; }),
                      Contains("--train-limit"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.epochs = 1; }), Contains("--epochs"));
}

TEST_CASE("a file that is no checkpoint is refused") {
    TempFolder folder;
    Model model = small_net();
    model.save((folder / "model.h5").string());
    put(folder / "text.h5", "hello");
    FitOptions o = options(1);
    o.resume = (folder / "model.h5").string();
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("no checkpoint"));
    o.resume = (folder / "text.h5").string();
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("text.h5"));
    o.resume = (folder / "absent.h5").string();
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("absent.h5"));
}

TEST_CASE("a saved model predicts the same when it is loaded") {
    TempFolder folder;
    Model model = small_net();
    model.fit(digits(), options(1));
    const std::string path = (folder / "model.h5").string();
    model.save(path);
    Model loaded = Model::load(path);
    CHECK(loaded.weights_sha256() == model.weights_sha256());
    CHECK(loaded.architecture_json() == model.architecture_json());
}
