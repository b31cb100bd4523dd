#include "loaded.hpp"

#include <set>

#include "plugins/manifest.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

static std::string manifest_error(const fs::path& file) {
    try {
        check_abi(read_manifest(file));
        return "";
    } catch (const Error& e) {
        return e.what();
    }
}

TEST_CASE("a manifest says name, version and parts without loading the plugin") {
    const Manifest m = read_manifest(fixture("good"));
    CHECK(m.name == "good");
    CHECK(m.version == "1.2.3");
    std::set<std::string> parts; // the linker may turn their order round
    for (const ManifestPart& part : m.parts)
        parts.insert(part.kind + " " + part.name);
    CHECK(parts == std::set<std::string>{"activation twofold", "layer Twice"});
    CHECK_FALSE(in_memory(fixture("good")));
}

TEST_CASE("every plugin that ships has a manifest of this ABI") {
    int plugins = 0;
    for (const auto& entry : fs::directory_iterator(LAMINA_TEST_PLUGIN_DIR))
        if (entry.path().extension() == ".so") {
            INFO(entry.path());
            CHECK(manifest_error(entry.path()).empty());
            CHECK_FALSE(read_manifest(entry.path()).parts.empty());
            ++plugins;
        }
    CHECK(plugins >= 3);
}

TEST_CASE("a file that is no library is refused") {
    TempFolder folder;
    put(folder / "text.so", "hello");
    put(folder / "empty.so", "");
    put(folder / "long.so", std::string(5000, 'x'));
    CHECK(manifest_error(folder / "text.so") == "not a shared library");
    CHECK(manifest_error(folder / "empty.so") == "not a shared library");
    CHECK(manifest_error(folder / "long.so") == "not a shared library");
    CHECK_THAT(manifest_error(folder / "absent.so"), Contains("cannot be opened"));
}

TEST_CASE("a library cut short anywhere is refused and never read past its end") {
    const std::string whole = get(fixture("good"));
    TempFolder folder;
    for (size_t size = 1; size < whole.size(); size += whole.size() / 97 + 1) {
        put(folder / "cut.so", whole.substr(0, size));
        INFO("first " << size << " of " << whole.size() << " bytes");
        CHECK_FALSE(manifest_error(folder / "cut.so").empty());
    }
}

TEST_CASE("a library with damaged headers is refused or read, and never a crash") {
    const std::string whole = get(fixture("good"));
    TempFolder folder;
    for (size_t at = 0; at < 64; ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
        put(folder / "damaged.so", damaged);
        INFO("byte " << at);
        CHECK_NOTHROW(manifest_error(folder / "damaged.so"));
    }
}

TEST_CASE("a library for another machine is refused") {
    std::string foreign = get(fixture("good"));
    foreign[18] = 8; // e_machine: MIPS
    TempFolder folder;
    put(folder / "mips.so", foreign);
    CHECK(manifest_error(folder / "mips.so") == "a shared library for another machine");
}

TEST_CASE("each fault of a manifest has its own reason") {
    CHECK_THAT(manifest_error(fixture("no_manifest")), Contains("it has no manifest"));
    CHECK_THAT(manifest_error(fixture("bad_manifest")), Contains("its manifest"));
    CHECK_THAT(manifest_error(fixture("nameless")), Contains("LAMINA_PLUGIN is missing"));
    CHECK_THAT(manifest_error(fixture("other_abi")), Contains("built for plugin ABI 99.7"));
    CHECK_THAT(manifest_error(fixture("other_abi")), Contains("rebuild it"));
}
