#include <cmath>

#include "io/json.hpp"
#include "model/store.hpp"
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

TEST_CASE("a validation that was interrupted is done again by the run that goes on") {
    const auto configured = [](const TempFolder& folder) {
        FitOptions o = with_checkpoints(folder);
        o.validation_split = 0.5;
        o.batch_size = 7; // the last batches of training and of validation are smaller
        o.reduce_on_plateau = ReduceOnPlateau::parse("patience=1,min_delta=9");
        return o;
    };
    const Training training{.optimizer = "sgd:learning_rate=0.1",
                            .schedule = "warm_up:warmup_steps=20"};
    const auto net = [&] {
        Model model = small_net();
        model.compile(training);
        return model;
    };
    const TempFolder unbroken_folder;
    Model unbroken = net();
    const FitResult whole = unbroken.fit(digits(), configured(unbroken_folder));
    for (const int64_t after : {0, 7, 49}) { // of the 50 that are validated on
        INFO("interrupted after " << after);
        const TempFolder folder;
        volatile int interrupted = 0;
        struct Interrupter : Callback {
            volatile int* flag = nullptr;
            int64_t after = 0;
            bool batch_end(const BatchEvent& e) override {
                if (e.epoch == 1 && e.batch + 1 == e.batches && after == 0)
                    *flag = 1;
                return true;
            }
            void validation_batch_end(const ValidationEvent& e) override {
                CHECK(e.total_samples == 50);
                CHECK((after > 0 || e.epoch != 1));
                if (e.epoch == 1 && e.samples >= after)
                    *flag = 1;
            }
        };
        auto interrupter = std::make_shared<Interrupter>();
        interrupter->flag = &interrupted;
        interrupter->after = after;
        FitOptions o = configured(folder);
        o.interrupted = &interrupted;
        o.callbacks = {interrupter};
        Model first = net();
        const FitResult half = first.fit(digits(), o);
        REQUIRE(half.interrupted);
        CHECK(half.history.epochs.size() == 1);
        Model second = net();
        FitOptions rest = configured(folder);
        rest.resume = folder.path().string();
        const FitResult result = second.fit(digits(), rest);
        CHECK(second.weights_sha256() == unbroken.weights_sha256());
        expect_same_history(result.history, whole.history);
    }
}

/// Stopped after the second epoch and gone on with: the result and the model's weights.
static std::pair<FitResult, std::string> in_two_parts(const FitOptions& options,
                                                      const char* optimizer) {
    TempFolder folder;
    FitOptions o = options;
    o.checkpoint_dir = folder.path().string();
    o.epochs = 2;
    small_net(optimizer).fit(digits(), o);
    o.epochs = options.epochs;
    o.resume = o.checkpoint_dir;
    Model second = small_net(optimizer);
    FitResult result = second.fit(digits(), o);
    return {std::move(result), second.weights_sha256()};
}

TEST_CASE("what reducing and early stopping have seen goes through a checkpoint") {
    // The learning rate 1 leaps about; what counts as better makes the second epoch no improvement.
    for (const std::string reduce : {"patience=2,min_delta=9", "patience=1,cooldown=2,min_delta=9"})
        for (const std::string stop :
             {"patience=3,restore_best_weights=true,min_delta=9", "patience=50"}) {
            INFO(reduce << "; " << stop);
            FitOptions o = options(6);
            o.validation_split = 0.1;
            o.reduce_on_plateau = ReduceOnPlateau::parse(reduce);
            o.early_stopping = EarlyStopping::parse(stop);
            Model unbroken = small_net("sgd:learning_rate=1");
            const FitResult whole = unbroken.fit(digits(), o);
            const auto rates = whole.history.series("learning_rate");
            CHECK(rates.back() < rates.front());
            const auto [result, weights] = in_two_parts(o, "sgd:learning_rate=1");
            CHECK(weights == unbroken.weights_sha256());
            CHECK(result.restored_epoch == whole.restored_epoch);
            expect_same_history(result.history, whole.history);
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

TEST_CASE("a signal as an epoch ends leaves a checkpoint as well") {
    struct AfterEpoch : Callback {
        volatile int flag = 0;
        bool epoch_end(const EpochRecord&) override {
            flag = 1;
            return true;
        }
    };
    TempFolder folder;
    const auto last_moment = std::make_shared<AfterEpoch>();
    FitOptions o = options(3);
    o.interrupted = &last_moment->flag;
    o.interrupt_dir = (folder / "stopped").string();
    o.callbacks.push_back(last_moment);
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
    const auto resumes_with = [&](auto change, const Training& training = {}) {
        FitOptions changed = o;
        changed.epochs = 2;
        change(changed);
        Model model = small_net();
        model.compile(training);
        model.fit(digits(), changed);
    };
    const auto as_it_was = [](FitOptions&) {};
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.seed = 99; }),
                      Contains("--seed 5, this run has 99"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.batch_size = 16; }),
                      Contains("--batch-size 32, this run has 16"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.train_limit = 90; }),
                      Contains("--train-limit"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.validation_split = 0.2; }),
                      Contains("--validation-split"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.shuffle = false; }),
                      Contains("--no-shuffle"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.monitor = "loss"; }),
                      Contains("--monitor val_loss, this run has loss"));
    CHECK_THROWS_WITH(
        resumes_with([](FitOptions& f) { f.reduce_on_plateau = ReduceOnPlateau::parse("3"); }),
        Contains("--reduce-on-plateau off, this run has patience=3"));
    CHECK_THROWS_WITH(resumes_with([](FitOptions& f) { f.epochs = 1; }), Contains("--epochs"));
    CHECK_THROWS_WITH(resumes_with(as_it_was, {.optimizer = "sgd:momentum=0.9"}),
                      Contains("--optimizer adam, this run has sgd:momentum=0.9"));
    CHECK_THROWS_WITH(resumes_with(as_it_was, {.loss = "sparse_categorical_crossentropy"}),
                      Contains("--loss"));
    CHECK_THROWS_WITH(resumes_with(as_it_was, {.metrics = {"accuracy", "mse"}}),
                      Contains("--metrics accuracy, this run has accuracy mse"));
    CHECK_NOTHROW(resumes_with(as_it_was));
}

TEST_CASE("a loss that is not finite goes through a checkpoint") {
    TempFolder folder;
    FitOptions o = with_checkpoints(folder);
    o.epochs = 2;
    volatile int interrupted = 0;
    o.interrupted = &interrupted;
    o.callbacks.push_back(std::make_shared<AfterBatch>([&](const Callback::BatchEvent& e) {
        if (e.epoch == 1)
            interrupted = 1;
        return true;
    }));
    const char* diverges = "sgd:learning_rate=1e30";
    Model first = small_net(diverges);
    CHECK(first.fit(digits(), o).interrupted);
    FitOptions rest = with_checkpoints(folder);
    rest.resume = folder.path().string();
    rest.epochs = 2;
    Model second = small_net(diverges);
    const History history = second.fit(digits(), rest).history;
    CHECK(std::isnan(history.series("loss").at(1)));
    CHECK(history.series("val_loss").size() == 2);
}

TEST_CASE("checkpoints come every so many minutes as well") {
    TempFolder folder;
    FitOptions o = with_checkpoints(folder);
    o.checkpoint_minutes = 1e-9; // after every batch
    std::vector<bool> there;
    o.callbacks.push_back(std::make_shared<AfterBatch>([&](const Callback::BatchEvent&) {
        there.push_back(std::filesystem::exists(folder / "checkpoint.h5"));
        return there.size() < 2;
    }));
    small_net().fit(digits(), o);
    CHECK(there == std::vector<bool>{false, true});
}

TEST_CASE("the best model so far is saved, not the last") {
    TempFolder folder;
    FitOptions o = options(4);
    o.validation_split = 0.2;
    o.monitor = "val_loss";
    o.save_best = (folder / "best.h5").string();
    std::string best_weights;
    double best = 1e30;
    Model model = small_net("sgd:learning_rate=1"); // leaps about, so that the last is not the best
    o.callbacks.push_back(std::make_shared<AfterEpoch>([&](const EpochRecord& e) {
        if (const double loss = *find(e.values, "val_loss"); loss < best) {
            best = loss;
            best_weights = model.weights_sha256();
        }
    }));
    model.fit(digits(), o);
    CHECK(Model::load(o.save_best).weights_sha256() == best_weights);
    CHECK(best_weights != model.weights_sha256());
}

TEST_CASE("training that stopped early is not gone on with by itself") {
    TempFolder folder;
    FitOptions o = with_checkpoints(folder);
    o.epochs = 20;
    o.early_stopping = EarlyStopping::parse("2");
    small_net("sgd:learning_rate=0").fit(digits(), o);
    o.resume = folder.path().string();
    CHECK_THROWS_WITH(small_net("sgd:learning_rate=0").fit(digits(), o),
                      Contains("had stopped early") && Contains("--early-stopping"));
}

TEST_CASE("a damaged record of where training stood is an error of ours") {
    TempFolder folder;
    FitOptions o = with_checkpoints(folder);
    o.epochs = 1;
    Model model = small_net();
    model.fit(digits(), o);
    const auto path = folder / "checkpoint.h5";
    lm_store store = read_store(path.string());
    const Json whole = parse_json(store.texts.at("lamina_checkpoint"), "checkpoint");
    for (const auto& [key, value] : whole.items())
        for (const Json& intruder : {Json(), Json("text"), Json::array({1}), Json::object()}) {
            Json broken = whole;
            broken[key] = intruder;
            INFO(key << " = " << intruder.dump());
            store.texts["lamina_checkpoint"] = broken.dump();
            write_store(path.string(), store);
            FitOptions resumed = o;
            resumed.epochs = 2;
            resumed.resume = path.string();
            try {
                small_net().fit(digits(), resumed);
            } catch (const Error& e) {
                CHECK(std::string(e.what()).find("json.exception") == std::string::npos);
            }
        }
}

TEST_CASE("files can be written and read as often as a long training has checkpoints") {
    const TempFolder folder;
    const std::string path = (folder / "model.h5").string();
    small_net().save(path);
    lm_store store = read_store(path);
    const size_t tensors = store.tensors.size();
    for (int i = 0; i < 600; ++i) { // the plugin is loaded for each, and leaves
        write_store(path, store);
        store = read_store(path);
    }
    CHECK(store.tensors.size() == tensors);
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
