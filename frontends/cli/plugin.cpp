#include <iostream>

#include <fmt/format.h>

#include "lamina/text.hpp"
#include "plugin.hpp"

namespace lamina::cli {

int plugin(const Arguments& arguments) {
    Options o("lamina plugin new KIND NAME [options] | check FILE [options]",
              "new: writes a small, complete project of a plugin with one part, which builds and "
              "passes its tests as it is.\ncheck: loads a plugin in processes of their own and "
              "tests each of its parts.");
    o.add()("what", po::value<std::string>()->required(), "new or check")(
        "arguments", po::value<Arguments>(),
        "new: the kind (layer, optimizer, ...) and the name; check: the plugin's file")(
        "output", po::value<std::string>(), "new: the folder to make (default: NAME)")(
        "part", po::value<std::string>(), "check: this part alone, KIND/NAME")(
        "config", po::value<std::string>(),
        "check: the part's configuration, a JSON object (default: from its schema)")(
        "inputs", po::value<Arguments>()->composing(),
        "check: the shape of an input, 8x8x3 (of an operator with its batch); may be repeated")(
        "data-dir", po::value<std::string>(), "check: where a data set's files are")(
        "timeout", po::value<int>()->default_value(300), "check: seconds that a part may take")(
        "json", po::bool_switch(), "one JSON object on standard output");
    o.positional("what", 1);
    o.positional("arguments", -1);
    if (!o.parse(arguments))
        return 0;
    const std::string what = o.text("what");
    const Arguments rest = o.has("arguments") ? o.get<Arguments>("arguments") : Arguments{};
    if (what == "new") {
        if (rest.size() != 2)
            throw UsageError("lamina plugin new takes a kind and a name\n  kinds: " +
                             join(template_kinds(), ", "));
        return plugin_new(rest[0], rest[1], o.has("output") ? o.text("output") : rest[1]);
    }
    if (what == "check") {
        if (rest.size() != 1)
            throw UsageError("lamina plugin check takes the file of one plugin");
        return plugin_check(rest[0], o);
    }
    throw UsageError(fmt::format("lamina plugin {}: there are new and check", what));
}

} // namespace lamina::cli
