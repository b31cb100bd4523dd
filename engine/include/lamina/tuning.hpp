/// Kernels chosen by measuring them: what `lamina bench --tune` makes and --tuned uses.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/graph.hpp"

namespace lamina {

/// Which kernel runs which operator on one device. Operators are told apart by what a backend sees
/// of them: kind, attributes and types, not names; so a plan serves every model that has the same.
class LAMINA_API TunedPlan {
  public:
    /// The plan that is kept for the device, or an empty one, of which a warning tells. A file that
    /// is damaged, or that belongs to another device, driver or version, counts as none.
    static TunedPlan load(const Device& device);
    /// Where that is: a file in cache_folder()/tuned for each backend, device, driver and version
    /// of Lamina, and for a CPU's number of threads.
    static std::filesystem::path path(const Device& device);
    /// Writes beside the file and renames. Throws Error(Io).
    void save(const Device& device) const;

    /// nullptr: not known.
    const std::string* kernel(const std::string& signature) const;
    void set(const std::string& signature, const std::string& kernel);
    size_t size() const { return kernels_.size(); }
    /// 12 hexadecimal digits that stand for all choices.
    std::string hash() const;

  private:
    std::map<std::string, std::string> kernels_; // by signature
};

/// What a plan knows an operator by.
LAMINA_API std::string signature(const Graph& graph, const Node& node);

struct TuningBounds {
    double seconds = 60; // for all; what it leaves out stays as the cost model has it
    int runs = 10;       // the most of each kernel, and at most 0.2 s of them
};

/// One operator of a graph, as often as it occurs.
struct TunedOperator {
    std::string op, name; // of the first such node
    int count = 0;
    /// Kernels by the cost model's order, and the least seconds that each took; infinite for one
    /// that found no memory.
    std::vector<std::pair<std::string, double>> kernels;
    std::string chosen;
};

struct TuningResult {
    std::vector<TunedOperator> measured; // what costs most by the estimates first
    int left_out = 0;                    // for want of time
    double seconds = 0;
};

/// Measures the kernels of each distinct operator of a compiled graph for which the device has
/// several, and writes the choices into the plan: the fastest, but the cost model's unless another
/// is 5 % faster. Operators whose kernel is forced, and those that the device refuses, are left
/// alone. progress is told of each when
/// it is done.
LAMINA_API TuningResult tune(const Graph& graph, const std::shared_ptr<Device>& device,
                             TunedPlan& plan, const TuningBounds& bounds = {},
                             const std::function<void(const TunedOperator&)>& progress = {});

} // namespace lamina
