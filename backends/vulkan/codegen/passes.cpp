#include "codegen/passes.hpp"

#include <algorithm>

namespace lamina::vulkan {

namespace {

using plugin::Argument;
using plugin::Instruction;
using Kind = PassBuffer::Kind;
using Numbers = std::vector<size_t>; // of instructions

bool contains(const Numbers& list, size_t n) {
    return std::find(list.begin(), list.end(), n) != list.end();
}

template <class T>
void add_once(std::vector<T>& list, const T& value) {
    if (std::find(list.begin(), list.end(), value) == list.end())
        list.push_back(value);
}

/// The program as a graph.
class Program {
  public:
    explicit Program(const Map& map) : map_(map), instructions_(map.expression.instructions) {
        std::vector<lm_dtype> types;
        for (const View& v : map.inputs)
            types.push_back(v.dtype);
        dtypes_ = map.expression.dtypes(types);
        users_.resize(size());
        needed_.resize(size());
        for (const int64_t n : map.results)
            needed_[static_cast<size_t>(n)] = true;
        for (size_t n = size(); n-- > 0;)
            for (const size_t made : needs(n)) {
                users_[made].push_back(n);
                needed_[made] = needed_[made] || needed_[n];
            }
    }

    size_t size() const { return instructions_.size(); }
    const Instruction& instruction(size_t n) const { return instructions_[n]; }
    lm_dtype dtype(size_t n) const { return dtypes_[n]; }
    bool needed(size_t n) const { return needed_[n]; }
    const Numbers& users(size_t n) const { return users_[n]; }
    bool is_result(size_t n) const {
        return std::find(map_.results.begin(), map_.results.end(), static_cast<int64_t>(n)) !=
               map_.results.end();
    }
    /// The instructions whose results it takes.
    Numbers needs(size_t n) const { return arguments(n, Argument::Kind::temp); }
    /// The map's inputs that it reads.
    Numbers reads(size_t n) const { return arguments(n, Argument::Kind::input); }

  private:
    Numbers arguments(size_t n, Argument::Kind kind) const {
        Numbers list;
        for (const Argument& a : instructions_[n].args)
            if (a.kind == kind)
                add_once(list, static_cast<size_t>(a.index));
        return list;
    }

    const Map& map_;
    const std::vector<Instruction>& instructions_;
    std::vector<lm_dtype> dtypes_;
    std::vector<Numbers> users_;
    std::vector<bool> needed_;
};

/// Instructions in groups that bind no more than `most` buffers: each the ready one that adds the
/// fewest.
class Grouping {
  public:
    Grouping(const Program& program, size_t most)
        : program_(program), most_(most), done_(program.size()) {}

    std::vector<Numbers> groups() {
        std::vector<Numbers> list;
        while (true) {
            Numbers group;
            while (add_one(group))
                ;
            if (group.empty())
                return list;
            for (const size_t n : group)
                done_[n] = true;
            list.push_back(std::move(group));
        }
    }

  private:
    bool add_one(Numbers& group) const {
        size_t best = program_.size(), fewest = most_ + 1;
        for (size_t n = 0; n < program_.size(); ++n) {
            if (done_[n] || !program_.needed(n) || contains(group, n) || !is_ready(n, group))
                continue;
            group.push_back(n);
            const size_t count = buffers(group);
            group.pop_back();
            if (count < fewest) {
                best = n;
                fewest = count;
            }
        }
        if (best == program_.size())
            return false;
        group.push_back(best);
        return true;
    }
    bool is_ready(size_t n, const Numbers& group) const {
        const auto needs = program_.needs(n);
        return std::all_of(needs.begin(), needs.end(),
                           [&](size_t made) { return done_[made] || contains(group, made); });
    }
    size_t buffers(const Numbers& group) const {
        Numbers inputs, temporaries;
        size_t outputs = 0;
        for (const size_t n : group) {
            for (const size_t i : program_.reads(n))
                add_once(inputs, i);
            for (const size_t made : program_.needs(n))
                if (done_[made])
                    add_once(temporaries, made);
            const auto& users = program_.users(n);
            outputs +=
                program_.is_result(n) || std::any_of(users.begin(), users.end(), [&](size_t user) {
                    return program_.needed(user) && !contains(group, user);
                });
        }
        return inputs.size() + temporaries.size() + outputs;
    }

    const Program& program_;
    size_t most_;
    std::vector<bool> done_;
};

/// Where results lie between passes.
class Placement {
  public:
    Placement(const Map& map, const Program& program, const std::vector<Numbers>& groups)
        : map_(map), program_(program), groups_(groups), places_(program.size()),
          group_of_(program.size()) {
        size_t last_read = 0; // the last group that reads one of the map's inputs
        for (size_t g = 0; g < groups.size(); ++g)
            for (const size_t n : groups[g]) {
                group_of_[n] = g;
                if (!program.reads(n).empty())
                    last_read = g;
            }
        is_written_.resize(map.results.size());
        std::vector<size_t> free_from; // of each temporary: the group
        for (size_t g = 0; g < groups.size(); ++g)
            for (const size_t n : groups[g])
                place(n, g >= last_read, free_from);
    }

    const PassBuffer& at(size_t n) const { return places_[n]; }
    /// Whether it is read by another group, or after all.
    bool leaves(size_t n) const { return last_use(n) > group_of_[n] || program_.is_result(n); }
    bool is_written(size_t output) const { return is_written_[output]; }
    const std::vector<int64_t>& temporaries() const { return bytes_; }

  private:
    void place(size_t n, bool may_be_output, std::vector<size_t>& free_from) {
        if (!leaves(n))
            return;
        const size_t group = group_of_[n];
        const auto first =
            std::find(map_.results.begin(), map_.results.end(), static_cast<int64_t>(n));
        const lm_dtype dtype = program_.dtype(n);
        const bool rounds = dtype == LM_F16 || dtype == LM_BF16;
        // What is still to be read is read as it was computed.
        if (first != map_.results.end() && may_be_output && !(rounds && last_use(n) > group)) {
            const auto output = static_cast<size_t>(first - map_.results.begin());
            places_[n] = {Kind::output, output, dtype};
            is_written_[output] = true;
            return;
        }
        const int64_t bytes = rounds ? 4 : plugin::size_of(dtype);
        const size_t until = first != map_.results.end() ? groups_.size() + 1 : last_use(n) + 1;
        size_t slot = 0;
        while (slot < bytes_.size() && (bytes_[slot] != bytes || free_from[slot] > group))
            ++slot;
        if (slot == bytes_.size()) {
            bytes_.push_back(bytes);
            free_from.push_back(0);
        }
        free_from[slot] = until;
        places_[n] = {Kind::temporary, slot, dtype};
    }
    size_t last_use(size_t n) const {
        size_t last = group_of_[n];
        for (const size_t user : program_.users(n))
            if (program_.needed(user))
                last = std::max(last, group_of_[user]);
        return last;
    }

    const Map& map_;
    const Program& program_;
    const std::vector<Numbers>& groups_;
    std::vector<PassBuffer> places_;
    std::vector<size_t> group_of_;
    std::vector<bool> is_written_;
    std::vector<int64_t> bytes_;
};

int32_t number_of(std::vector<PassBuffer>& inputs, const PassBuffer& buffer) {
    add_once(inputs, buffer);
    return static_cast<int32_t>(std::find(inputs.begin(), inputs.end(), buffer) - inputs.begin());
}

Pass pass_of(const Program& program, const Placement& placement, const Numbers& group) {
    Pass pass;
    for (const size_t n : group) {
        Instruction instruction = program.instruction(n);
        for (Argument& a : instruction.args) {
            const auto index = static_cast<size_t>(a.index);
            const auto inside = std::find(group.begin(), group.end(), index);
            if (a.kind == Argument::Kind::input) {
                a.index = number_of(pass.inputs, {Kind::input, index, LM_F32});
            } else if (a.kind == Argument::Kind::temp && inside != group.end()) {
                a.index = static_cast<int32_t>(inside - group.begin());
            } else if (a.kind == Argument::Kind::temp) {
                a.kind = Argument::Kind::input;
                a.index = number_of(pass.inputs, placement.at(index));
            }
        }
        if (placement.leaves(n)) {
            pass.outputs.push_back(placement.at(n));
            pass.results.push_back(static_cast<int64_t>(pass.expression.instructions.size()));
        }
        pass.expression.instructions.push_back(std::move(instruction));
    }
    return pass;
}

/// Of results that are still to be put where they belong.
void append_copies(Passes& passes, const Map& map, const Program& program,
                   const Placement& placement, size_t most) {
    bool open = false;
    for (size_t output = 0; output < map.results.size(); ++output) {
        if (placement.is_written(output))
            continue;
        if (!open || (passes.list.back().outputs.size() + 1) * 2 > most)
            passes.list.emplace_back();
        open = true;
        Pass& pass = passes.list.back();
        const auto n = static_cast<size_t>(map.results[output]);
        Instruction copy;
        copy.args = {{Argument::Kind::input, number_of(pass.inputs, placement.at(n)), 0}};
        pass.results.push_back(static_cast<int64_t>(pass.expression.instructions.size()));
        pass.expression.instructions.push_back(std::move(copy));
        pass.outputs.push_back({Kind::output, output, program.dtype(n)});
    }
}

} // namespace

Passes cut_into_passes(const Map& map, size_t most) {
    const Program program(map);
    const auto groups = Grouping(program, most).groups();
    const Placement placement(map, program, groups);
    Passes passes;
    for (const Numbers& group : groups)
        passes.list.push_back(pass_of(program, placement, group));
    append_copies(passes, map, program, placement, most);
    passes.temporaries = placement.temporaries();
    return passes;
}

} // namespace lamina::vulkan
