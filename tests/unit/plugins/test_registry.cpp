#include "loaded.hpp"

#include <cstdlib>

#include "lamina/plugin/abi.h"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

TEST_CASE("a part is found by kind and name, and only then is its plugin loaded") {
    const PluginFolder folder{"good"};
    Registry registry({folder.path()});
    CHECK(registry.has("layer", "Twice"));
    CHECK_FALSE(registry.has("loss", "Twice"));
    CHECK_FALSE(in_memory(folder / "good.so"));
    const Part part = registry.find("layer", "Twice");
    CHECK(in_memory(folder / "good.so"));
    CHECK(std::string(part.as<lm_graph_function>().doc) == "x + x");
    CHECK(registry.loaded() == std::vector<fs::path>{fs::canonical(folder / "good.so")});
}

TEST_CASE("listing loads nothing and says which plugin and file a part comes from") {
    const PluginFolder folder{"good"};
    const Registry registry({folder.path()});
    bool seen = false;
    for (const PartInfo& info : registry.list("layer"))
        if (info.name == "Twice") {
            seen = true;
            CHECK(info.plugin == "good");
            CHECK(info.version == "1.2.3");
            CHECK(info.file == fs::canonical(folder / "good.so"));
        }
    CHECK(seen);
    CHECK(registry.loaded().empty());
    CHECK_FALSE(in_memory(folder / "good.so"));
}

TEST_CASE("a plugin leaves memory when nothing holds a part of it") {
    const PluginFolder folder{"good"};
    Registry registry({folder.path()});
    for (int i = 0; i < 50; ++i) {
        {
            const Part layer = registry.find("layer", "Twice");
            const Part activation = registry.find("activation", "twofold");
            REQUIRE(layer.plugin == activation.plugin);
            REQUIRE(in_memory(folder / "good.so"));
        }
        REQUIRE_FALSE(in_memory(folder / "good.so"));
        REQUIRE(registry.loaded().empty());
    }
}

TEST_CASE("a part that outlives its registry keeps its plugin loaded") {
    const PluginFolder folder{"good"};
    auto registry = std::make_unique<Registry>(std::vector<fs::path>{folder.path()});
    auto part = std::make_unique<Part>(registry->find("layer", "Twice"));
    registry.reset();
    CHECK(in_memory(folder / "good.so"));
    CHECK(std::string(part->as<lm_graph_function>().schema) == "{}");
    part.reset();
    CHECK_FALSE(in_memory(folder / "good.so"));
}

TEST_CASE("every plugin that ships leaves memory") {
    Registry registry;
    for (const PartInfo& info : registry.list()) {
        if (info.file.empty())
            continue;
        INFO(info.kind << " " << info.name << " " << info.file);
        REQUIRE_NOTHROW(registry.find(info.kind, info.name));
        REQUIRE_FALSE(in_memory(info.file));
    }
}

TEST_CASE("an unknown name is answered with the nearest one and with what there is") {
    const PluginFolder folder{"good"};
    Registry registry({folder.path()});
    CHECK_THAT(failure(registry, "activation", "twofuld"),
               Contains("no activation named `twofuld`") && Contains("did you mean \"twofold\"?") &&
                   Contains("there are: "));
    CHECK_THAT(failure(registry, "cutlery", "Spoon"), Contains("lamina plugins -v"));
}

TEST_CASE("the same file through two links is taken once, and the second is refused") {
    PluginFolder folder;
    folder.link(fixture("good"), "a.so");
    folder.link(fixture("good"), "b.so");
    Registry registry({folder.path()});
    CHECK(refusal(registry, "a.so").empty());
    CHECK_THAT(refusal(registry, "b.so"), Contains("the same file as") && Contains("good.so"));
    CHECK_NOTHROW(registry.find("layer", "Twice"));
}

TEST_CASE("a name that another plugin has is refused with that plugin and its file") {
    const PluginFolder folder{"good", "rival"};
    Registry registry({folder.path()});
    CHECK_THAT(refusal(registry, "rival.so"),
               Contains("registers layer `Twice`") && Contains("plugin good") &&
                   Contains((folder / "good.so").filename().string()));
    CHECK(registry.find("layer", "Twice").plugin != nullptr);
}

TEST_CASE("a dangling link and a folder that is not there are no crash") {
    PluginFolder folder{"good"};
    folder.link("/nowhere/at/all.so", "dangling.so");
    Registry registry({folder.path(), "/nowhere/at/all"});
    CHECK_FALSE(refusal(registry, "dangling.so").empty());
    CHECK(registry.has("layer", "Twice"));
}

TEST_CASE("wrong files are refused by their manifests and never loaded") {
    PluginFolder folder{"other_abi", "bad_manifest", "no_manifest", "nameless"};
    put(folder / "text.so", "not a library");
    Registry registry({folder.path()});
    CHECK_THAT(refusal(registry, "other_abi.so"), Contains("ABI 99.7"));
    CHECK_THAT(refusal(registry, "text.so"), Contains("not a shared library"));
    for (const char* name : {"bad_manifest.so", "no_manifest.so", "nameless.so"})
        CHECK_FALSE(refusal(registry, name).empty());
    CHECK_FALSE(registry.has("layer", "FromAfar"));
}

TEST_CASE("the working directory is not searched") {
    const PluginFolder folder{"good"};
    const fs::path before = fs::current_path();
    fs::current_path(folder.path());
    const Registry registry;
    fs::current_path(before);
    CHECK_FALSE(registry.has("layer", "Twice"));
    for (const fs::path& searched : registry.searched())
        CHECK_FALSE(fs::weakly_canonical(searched) == fs::canonical(folder.path()));
}

TEST_CASE("LAMINA_PLUGIN_PATH is searched after the folders given and before our own") {
    const PluginFolder first, second{"good"};
    ::setenv("LAMINA_PLUGIN_PATH", (":" + second.path().string() + ":").c_str(), 1);
    const Registry registry({first.path()});
    ::unsetenv("LAMINA_PLUGIN_PATH");
    CHECK(registry.has("layer", "Twice"));
    REQUIRE(registry.searched().size() == 3); // the empty pieces are not the working directory
    CHECK(registry.searched()[0] == first.path());
    CHECK(registry.searched()[1] == second.path());
}

TEST_CASE("a plugin that cannot be used says why, with its name and file, and leaves memory") {
    const PluginFolder folder{"init_fails",   "init_throws",    "small_table",
                              "wrong_symbol", "breaks_promise", "unknown_kind"};
    Registry registry({folder.path()});
    const auto fails = [&](const char* name, const char* plugin, const char* reason) {
        INFO(plugin);
        const char* kind = std::string(plugin) == "unknown_kind" ? "cutlery" : "layer";
        CHECK_THAT(failure(registry, kind, name), Contains(plugin) && Contains(reason));
        CHECK_FALSE(in_memory(folder / (std::string(plugin) + ".so")));
    };
    fails("FailsInInit", "init_fails", "its init failed: the moon is not full");
    fails("ThrowsInInit", "init_throws", "its init threw");
    fails("TooSmall", "small_table", "the table of layer `TooSmall` is too small: 8 bytes");
    fails("Nowhere", "wrong_symbol", "has no symbol `lamina_plugin`");
    fails("Promised", "breaks_promise", "does not register it");
    fails("Spoon", "unknown_kind", "unknown kind `cutlery`");
}
