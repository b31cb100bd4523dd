// Callbacks of plugins: what they hear, in which order, and how they end a training.
#include "loaded.hpp"

#include <fmt/format.h>

#include "io/json.hpp"
#include "lamina/model.hpp"
#include "lamina/text.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

constexpr int64_t kBatches = 3; // of 5, 5 and 2 samples

std::shared_ptr<Dataset> points() {
    std::vector<float> x;
    std::vector<int64_t> y;
    for (int i = 0; i < 12; ++i) {
        x.insert(x.end(), {0.1f * static_cast<float>(i), 1.0f, -0.2f * static_cast<float>(i % 5)});
        y.push_back(i % 2);
    }
    const Dataset::InMemory all{Tensor::from(x, {12, 3}), Tensor::from(y)};
    return Dataset::of("points", all, all, 2);
}

FitOptions options(const std::vector<std::string>& callbacks) {
    FitOptions o;
    o.epochs = 2;
    o.batch_size = 5;
    for (const std::string& spec : callbacks)
        o.callbacks.push_back(open_callback(spec));
    return o;
}

Model net() {
    Model model({3});
    model.add("Dense", {{"units", 2}, {"activation", "softmax"}});
    model.use("reference");
    model.compile({.optimizer = "sgd"});
    return model;
}

struct Heard {
    std::string event;
    Json data;
};
std::vector<Heard> read_events(const fs::path& file) {
    std::vector<Heard> out;
    for (const std::string& line : split(std::string(trim(get(file))), '\n')) {
        const auto space = line.find(' ');
        out.push_back({line.substr(0, space),
                       space == std::string::npos ? Json() : Json::parse(line.substr(space))});
    }
    return out;
}

std::string events_of(const std::vector<Heard>& heard) {
    std::string out;
    for (const Heard& h : heard)
        out += (out.empty() ? "" : " ") + h.event;
    return out;
}

std::string error_of(const std::function<void()>& body) {
    try {
        body();
        return "";
    } catch (const Error& e) {
        return e.what();
    }
}

const std::string kEpoch = " epoch_begin batch_end batch_end batch_end epoch_end";

} // namespace

TEST_CASE(
    "a callback hears the events of a training in their order, and is opened and closed once") {
    const TempFolder folder;
    const fs::path file = folder / "events";
    {
        FitOptions o = options({"recorder:file=" + file.string()});
        o.validate_on_test = true;
        net().fit(points(), o);
        CHECK(events_of(read_events(file)) == "open train_begin" + kEpoch + kEpoch + " train_end");
    }
    const auto heard = read_events(file);
    CHECK(heard.back().event == "close");
    CHECK(heard.back().data == file.string().size()); // its configuration had outlived open()
    CHECK(heard[1].data == Json({{"epoch", 0}, {"epochs", 2}}));
    CHECK(heard[2].data ==
          Json({{"epoch", 0}, {"batches", kBatches}, {"samples", 0}, {"total_samples", 12}}));
    const Json& batch = heard[4].data;
    CHECK(batch.at("epoch") == 0);
    CHECK(batch.at("batch") == 1);
    CHECK(batch.at("step") == 2);
    CHECK(batch.at("samples") == 10);
    CHECK(batch.at("values").at("loss").get<double>() > 0);
    CHECK(batch.at("values").contains("accuracy"));
    const Json& epoch = heard[11].data;
    CHECK(epoch.at("epoch") == 1);
    CHECK(epoch.at("step") == 2 * kBatches);
    for (const char* value : {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"})
        CHECK(epoch.at("values").contains(value));
}

TEST_CASE("a callback stops a training cleanly, at any event") {
    const auto [event, epochs] = GENERATE(table<std::string, size_t>(
        {{"train_begin", 0}, {"epoch_begin", 0}, {"batch_end", 0}, {"epoch_end", 1}}));
    const TempFolder folder;
    const fs::path file = folder / "events";
    FitOptions o = options({"stops:event=" + event, "recorder:file=" + file.string()});
    o.epochs = 3;
    o.checkpoint_dir = (folder / "checkpoints").string();
    const FitResult result = net().fit(points(), o);
    INFO(event);
    CHECK(result.stopped_by == "callback stops: enough is enough");
    CHECK(result.interrupted);
    CHECK(result.history.epochs.size() == epochs);
    CHECK(read_events(file).back().event == "train_end"); // the others hear of the end
    if (event == "train_begin")
        return; // nothing was learnt
    // The checkpoint is whole: going on from it gives what a run that was not stopped gives.
    FitOptions rest = options({});
    rest.epochs = 3;
    rest.resume = result.checkpoint;
    Model resumed = net();
    resumed.fit(points(), rest);
    Model whole = net();
    rest.resume.clear();
    whole.fit(points(), rest);
    CHECK(resumed.weights_sha256() == whole.weights_sha256());
}

TEST_CASE("a callback that stops at the end of the last epoch stops nothing") {
    const FitResult result = net().fit(points(), options({"stops:event=epoch_end,count=2"}));
    CHECK_FALSE(result.interrupted);
    CHECK(result.stopped_by.empty());
}

TEST_CASE("a callback that fails is an error with its name, its plugin and the event") {
    for (const char* event : {"train_begin", "batch_end", "train_end"})
        CHECK(error_of([&] {
                  net().fit(points(), options({std::string("fails:event=") + event}));
              }) == fmt::format("callback fails (plugin callbacks): {}: the disk is full", event));
}

TEST_CASE("a callback that cannot be had is told before any training") {
    CHECK_THAT(error_of([] { open_callback("json_lug:file=x"); }), Contains("json_log"));
    CHECK_THAT(error_of([] { open_callback("json_log"); }),
               Contains("--callback json_log: `file` is missing"));
    CHECK_THAT(error_of([] { open_callback("json_log:file=/nowhere/x,batchs=true"); }),
               Contains("unknown key `batchs`"));
    CHECK_THAT(error_of([] { open_callback("json_log:file=/nowhere/x"); }),
               Contains("callback json_log (plugin lamina_callbacks)") &&
                   Contains("/nowhere/x cannot be written: No such file"));
}

TEST_CASE("json_log writes a line for every event, and appends where it is told to") {
    const TempFolder folder;
    const std::string file = (folder / "log.jsonl").string();
    net().fit(points(), options({"json_log:file=" + file}));
    const auto lines = [&] { return split(std::string(trim(get(file))), '\n'); };
    REQUIRE(lines().size() == 2 + 2 * (2 + kBatches));
    double before = 0;
    for (const std::string& line : lines()) {
        const Json json = Json::parse(line);
        CHECK(json.at("time").get<double>() >= before);
        before = json.at("time");
    }
    CHECK(Json::parse(lines()[2]).at("event") == "batch_end");
    CHECK(Json::parse(lines()[2]).at("values").contains("loss"));
    net().fit(points(), options({"json_log:append=true,batches=false,file=" + file}));
    CHECK(lines().size() == 2 + 2 * (2 + kBatches) + 2 + 2 * 2);
    net().fit(points(), options({"json_log:batches=false,file=" + file}));
    CHECK(lines().size() == 2 + 2 * 2);
}

TEST_CASE("the plugin of a callback leaves memory with it") {
    const fs::path file = fixture("callbacks");
    {
        const auto held = open_callback("stops:event=train_end");
        CHECK(in_memory(file));
    }
    CHECK_FALSE(in_memory(file));
}
