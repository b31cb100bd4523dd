#include "codegen/map.hpp"

#include <algorithm>

#include "codegen/element.hpp"

namespace lamina::vulkan {

namespace {

using spirv::Bool;
using spirv::Uint;
using Elements = std::vector<spirv::Element>;

bool dense(const View& view, const std::vector<int64_t>& space) {
    int64_t stride = 1;
    for (size_t d = space.size(); d-- > 0; stride *= space[d])
        if (space[d] != 1 && view.strides[d] != stride)
            return false;
    return view.base == 0 && view.bounds.empty();
}

/// Elements that one thread computes: as many as fill a word of the narrowest output.
uint32_t elements_a_thread(const Map& map) {
    int64_t narrowest = 4;
    for (const View& v : map.outputs)
        narrowest = std::min(narrowest, plugin::size_of(v.dtype));
    return static_cast<uint32_t>(4 / narrowest);
}

class Writer {
  public:
    explicit Writer(const Map& map) : map_(map), total_(plugin::elements(map.space)) {}

    MapModule write(uint32_t local_size, uint32_t max_groups) {
        if (total_ == 0)
            return {};
        const uint32_t each = elements_a_thread(map_);
        const auto threads = static_cast<uint64_t>((total_ + each - 1) / each);
        MapModule result;
        result.groups = (threads + local_size - 1) / local_size;
        const uint64_t rows = (result.groups + max_groups - 1) / max_groups;
        result.row = static_cast<uint32_t>((result.groups + rows - 1) / rows);

        const Uint thread{&m_, m_.invocation(result.row * local_size)};
        const Uint count{&m_, m_.u32(static_cast<uint32_t>(threads))};
        m_.begin_if((thread < count).id);
        block(thread * each, each);
        m_.end_if();
        result.words = m_.finish(local_size);
        return result;
    }

  private:
    /// All loads before all stores: an output may lie where an input does.
    void block(Uint first, uint32_t each) {
        std::vector<Elements> results(map_.outputs.size());
        for (uint32_t k = 0; k < each; ++k) {
            Uint element = k == 0 ? first : first + k;
            if (total_ % each != 0) // the last thread repeats the last element
                element = bounded(element);
            const Elements values = evaluate(element);
            for (size_t j = 0; j < results.size(); ++j)
                results[j].push_back(values[static_cast<size_t>(map_.results[j])]);
        }
        for (size_t j = 0; j < results.size(); ++j)
            store(first, j, results[j]);
    }

    void store(Uint first, size_t output, const Elements& values) {
        const spirv::Id buffer = m_.buffer(static_cast<uint32_t>(map_.inputs.size() + output));
        const View& view = map_.outputs[output];
        const auto per_word = static_cast<size_t>(4 / plugin::size_of(view.dtype));
        if (per_word > 1) {
            const Uint word = first / static_cast<uint32_t>(per_word);
            for (size_t k = 0; k < values.size(); k += per_word)
                store_packed(buffer, word + static_cast<uint32_t>(k / per_word),
                             pack(m_, std::span(values).subspan(k, per_word)), per_word);
            return;
        }
        for (size_t k = 0; k < values.size(); ++k) {
            Uint at = k == 0 ? first : first + static_cast<uint32_t>(k);
            if (values.size() > 1 && total_ % static_cast<int64_t>(values.size()) != 0)
                at = bounded(at);
            spirv::store(m_, buffer, place(view, at), values[k]);
        }
    }

    /// The bytes of the last word that lie beyond the tensor are somebody else's.
    void store_packed(spirv::Id buffer, Uint at, Uint word, size_t per_word) {
        const auto whole = static_cast<uint32_t>(total_ / static_cast<int64_t>(per_word));
        const auto rest = static_cast<uint32_t>(total_ % static_cast<int64_t>(per_word));
        if (total_ % elements_a_thread(map_) == 0) {
            m_.store_word(buffer, at.id, word.id);
            return;
        }
        m_.begin_if((at < literal(at, whole)).id);
        m_.store_word(buffer, at.id, word.id);
        m_.end_if();
        if (rest == 0)
            return;
        const uint32_t ours = (1u << (rest * 32 / static_cast<uint32_t>(per_word))) - 1;
        m_.begin_if(equal(at, whole).id);
        const Uint before{&m_, m_.load_word(buffer, at.id)};
        m_.store_word(buffer, at.id, ((word & ours) | (before & ~ours)).id);
        m_.end_if();
    }

    Uint bounded(Uint element) {
        const Uint last{&m_, m_.u32(static_cast<uint32_t>(total_ - 1))};
        return select(element < last, element, last);
    }

    Uint place(const View& view, Uint element) {
        return dense(view, map_.space) ? element : index(view, element, coordinates(element));
    }

    std::vector<Uint> coordinates(Uint element) {
        std::vector<Uint> c(map_.space.size(), element);
        Uint rest = element;
        for (size_t d = map_.space.size(); d-- > 0;) {
            const auto extent = static_cast<uint32_t>(map_.space[d]);
            c[d] = d == 0 ? rest : rest % extent;
            if (d > 0)
                rest = rest / extent;
        }
        return c;
    }

    /// Wraps around where the parts are negative; the sum is not.
    Uint index(const View& view, Uint element, const std::vector<Uint>& c) {
        if (dense(view, map_.space))
            return element;
        Uint sum{&m_, m_.u32(static_cast<uint32_t>(view.base))};
        for (size_t d = 0; d < c.size(); ++d)
            if (view.strides[d] != 0 && map_.space[d] != 1)
                sum = sum + c[d] * static_cast<uint32_t>(view.strides[d]);
        return sum;
    }

    spirv::Element load(size_t input, Uint element, const std::vector<Uint>& c) {
        const View& view = map_.inputs[input];
        const spirv::Id buffer = m_.buffer(static_cast<uint32_t>(input));
        Uint at = index(view, element, c);
        if (view.bounds.empty())
            return spirv::load(m_, buffer, at, view.dtype);
        Bool inside{&m_, m_.boolean(true)};
        for (size_t d = 0; d < c.size(); ++d)
            inside = inside && c[d] + static_cast<uint32_t>(-view.bounds[d].low) <
                                   literal(at, static_cast<uint32_t>(view.bounds[d].extent));
        at = select(inside, at, literal(at, 0));
        return choose(m_, inside, spirv::load(m_, buffer, at, view.dtype),
                      constant(m_, view.fill, view.dtype));
    }

    Elements evaluate(Uint element) {
        const bool plain = std::all_of(map_.inputs.begin(), map_.inputs.end(),
                                       [&](const View& v) { return dense(v, map_.space); });
        const std::vector<Uint> c = plain ? std::vector<Uint>() : coordinates(element);
        Elements inputs;
        for (size_t i = 0; i < map_.inputs.size(); ++i)
            inputs.push_back(load(i, element, c));
        Elements results;
        std::vector<lm_dtype> types;
        for (const View& v : map_.inputs)
            types.push_back(v.dtype);
        const std::vector<lm_dtype> dtypes = map_.expression.dtypes(types);
        for (size_t n = 0; n < dtypes.size(); ++n)
            results.push_back(run(map_.expression.instructions[n], dtypes[n], inputs, results));
        return results;
    }

    spirv::Element run(const plugin::Instruction& instruction, lm_dtype dtype,
                       const Elements& inputs, const Elements& results) {
        using Kind = plugin::Argument::Kind;
        const auto known = [&](const plugin::Argument& a) {
            return (a.kind == Kind::input ? inputs : results)[static_cast<size_t>(a.index)];
        };
        // A constant takes the dtype of what stands beside it, the condition of a select aside.
        lm_dtype beside = LM_F32;
        const size_t first = instruction.op == plugin::Element::select ? 1 : 0;
        for (size_t i = first; i < instruction.args.size(); ++i)
            if (instruction.args[i].kind != Kind::constant)
                beside = known(instruction.args[i]).dtype;
        Elements args;
        for (size_t i = 0; i < instruction.args.size(); ++i) {
            const plugin::Argument& a = instruction.args[i];
            args.push_back(a.kind == Kind::constant
                               ? constant(m_, a.value, i < first ? LM_BOOL : beside)
                               : known(a));
        }
        return apply_pow(instruction, args, dtype);
    }

    /// Powers by a constant whole number are products: exact where e^(y ln x) is not.
    spirv::Element apply_pow(const plugin::Instruction& instruction, const Elements& args,
                             lm_dtype dtype) {
        const bool pow = instruction.op == plugin::Element::pow &&
                         instruction.args[1].kind == plugin::Argument::Kind::constant;
        const float y = pow ? instruction.args[1].value : 0.0f;
        const spirv::Float x{&m_, args[0].id};
        if (pow && y == 2.0f)
            return {dtype, (x * x).id};
        if (pow && y == 3.0f)
            return {dtype, (x * x * x).id};
        if (pow && y == 0.5f)
            return {dtype, unary(spirv::Glsl::Sqrt, x).id};
        if (pow && y == -1.0f)
            return {dtype, (1.0f / x).id};
        return apply(m_, instruction.op, args, dtype);
    }

    const Map& map_;
    int64_t total_;
    spirv::Module m_;
};

bool merges(const View& v, size_t d, const std::vector<int64_t>& space) {
    return v.bounds.empty() && v.strides[d] == v.strides[d + 1] * space[d + 1];
}

void erase(Map& map, size_t d) {
    map.space.erase(map.space.begin() + static_cast<std::ptrdiff_t>(d));
    for (std::vector<View>* list : {&map.inputs, &map.outputs})
        for (View& v : *list) {
            v.strides.erase(v.strides.begin() + static_cast<std::ptrdiff_t>(d));
            if (!v.bounds.empty())
                v.bounds.erase(v.bounds.begin() + static_cast<std::ptrdiff_t>(d));
        }
}

} // namespace

View broadcast_view(lm_dtype dtype, std::span<const int64_t> dims, std::span<const int64_t> space) {
    View view;
    view.dtype = dtype;
    view.strides.assign(space.size(), 0);
    int64_t stride = 1;
    const size_t lead = space.size() - dims.size();
    for (size_t d = dims.size(); d-- > 0; stride *= dims[d])
        view.strides[lead + d] = dims[d] == 1 ? 0 : stride;
    return view;
}

void simplify(Map& map) {
    const auto all = [&](auto&& holds) {
        return std::all_of(map.inputs.begin(), map.inputs.end(), holds) &&
               std::all_of(map.outputs.begin(), map.outputs.end(), holds);
    };
    for (size_t d = map.space.size(); d-- > 0;)
        if (map.space[d] == 1 && all([&](const View& v) { return v.bounds.empty(); }))
            erase(map, d);
    for (size_t d = map.space.size(); d-- > 1;)
        if (all([&](const View& v) { return merges(v, d - 1, map.space); })) {
            map.space[d] *= map.space[d - 1];
            erase(map, d - 1);
        }
}

void check_map(const plugin::Expression& expression, std::span<const lm_dtype> inputs) {
    const std::vector<lm_dtype> results = expression.dtypes(inputs);
    for (size_t n = 0; n < results.size(); ++n) {
        const plugin::Instruction& instruction = expression.instructions[n];
        std::vector<lm_dtype> args;
        for (const plugin::Argument& a : instruction.args)
            if (a.kind != plugin::Argument::Kind::constant)
                args.push_back(a.kind == plugin::Argument::Kind::input
                                   ? inputs[static_cast<size_t>(a.index)]
                                   : results[static_cast<size_t>(a.index)]);
        if (!spirv::can_apply(instruction.op, args, results[n]))
            plugin::unsupported(std::string(plugin::element_info(instruction.op).name) +
                                " in f64: shaders compute in f32");
    }
}

MapModule compile(Map map, uint32_t local_size, uint32_t max_groups) {
    simplify(map);
    return Writer(map).write(local_size, max_groups);
}

} // namespace lamina::vulkan
