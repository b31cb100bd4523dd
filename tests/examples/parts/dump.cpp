#include <fstream>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string_view>

#include "lamina/plugin/format.hpp"
#include "lamina/plugin/node.hpp"

using namespace lamina::plugin;

namespace {

constexpr const char* kHead = "dump 1";
constexpr const char* kEnd = "end";

/// Weights as text: a line "tensor GROUP NAME RANK DIMS... VALUES..." each, between a head and an
/// end, so that a file that is cut short is told from a whole one.
void write_dump(const Config&, const std::string& path, const Store& store) {
    std::ofstream out(path);
    out << kHead << '\n' << std::setprecision(std::numeric_limits<float>::max_digits10);
    for (uint64_t i = 0; i < store.size(); ++i) {
        const Store::Tensor tensor = store.tensor(i);
        if (tensor.dtype != LM_F32)
            continue;
        out << "tensor " << std::quoted(tensor.group) << ' ' << std::quoted(tensor.name) << ' '
            << tensor.dims.size();
        int64_t count = 1;
        for (const int64_t d : tensor.dims) {
            out << ' ' << d;
            count *= d;
        }
        for (int64_t k = 0; k < count; ++k)
            out << ' ' << static_cast<const float*>(tensor.data)[k];
        out << '\n';
    }
    out << kEnd << '\n';
    if (!out.flush())
        throw Error(LM_IO, path + ": cannot be written");
}

void read_tensor(std::istringstream& line, const std::string& path, Store& store) {
    std::string group, name;
    size_t rank = 0;
    line >> std::quoted(group) >> std::quoted(name) >> rank;
    std::vector<int64_t> dims(rank <= 8 ? rank : 0);
    for (int64_t& d : dims)
        line >> d;
    if (!line || rank > 8)
        invalid(path + ": a line is damaged");
    std::vector<float> values;
    for (float v = 0; line >> v;)
        values.push_back(v);
    if (!line.eof() || elements(dims) != static_cast<int64_t>(values.size()))
        invalid(path + ": " + group + "/" + name + " has not as many values as its shape says");
    std::copy(values.begin(), values.end(),
              static_cast<float*>(store.add(group, name, LM_F32, dims)));
}

void read_dump(const Config&, const std::string& path, Store& store) {
    std::ifstream in(path);
    std::string text;
    if (!std::getline(in, text) || text != kHead)
        invalid(path + ": it does not begin with \"" + kHead + "\"");
    while (std::getline(in, text) && text != kEnd) {
        std::istringstream line(text);
        std::string word;
        if (line >> word && word == "tensor")
            read_tensor(line, path, store);
        else
            invalid(path + ": a line is damaged");
    }
    if (text != kEnd || in.eof())
        invalid(path + ": it is cut short");
}

int32_t probe_dump(const char*, const void* head, uint64_t bytes) {
    const std::string_view wanted(kHead);
    return std::string_view(static_cast<const char*>(head), bytes).starts_with(wanted) ? 1 : 0;
}

} // namespace

LAMINA_FORMAT(dump, "{}", "weights as text", ".dump", probe_dump, read_dump, write_dump)
