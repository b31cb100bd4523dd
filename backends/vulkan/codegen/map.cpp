#include "codegen/map.hpp"

#include <algorithm>

#include "codegen/element.hpp"

namespace lamina::vulkan {

namespace {

using spirv::Bool;
using spirv::Uint;
using Elements = std::vector<spirv::Element>;

/// Element i of the space in row-major order is element base + i.
bool contiguous(const View& view, const std::vector<int64_t>& space) {
    int64_t stride = 1;
    for (size_t d = space.size(); d-- > 0; stride *= space[d])
        if (space[d] != 1 && view.strides[d] != stride)
            return false;
    return view.bounds.empty();
}
bool dense(const View& view, const std::vector<int64_t>& space) {
    return view.base == 0 && contiguous(view, space);
}

/// Elements that one thread computes: as many as fill a word of the narrowest output.
uint32_t elements_a_thread(const Map& map) {
    int64_t narrowest = 4;
    for (const View& v : map.outputs)
        narrowest = std::min(narrowest, plugin::size_of(v.stored()));
    return static_cast<uint32_t>(4 / narrowest);
}

/// Elements of the first thread's that lie before the space, where the narrowest output does not
/// begin with a whole word; outputs of other widths begin at the same element of as many.
uint32_t elements_before(const Map& map) {
    const uint32_t each = elements_a_thread(map);
    for (const View& v : map.outputs)
        if (each > 1 && plugin::size_of(v.stored()) == 4 / each)
            return static_cast<uint32_t>(v.base) % each;
    return 0;
}

class Writer {
  public:
    explicit Writer(const Map& map) : map_(map), total_(plugin::elements(map.space)) {}

    MapModule write(uint32_t local_size, uint32_t max_groups) {
        if (total_ == 0)
            return {};
        const auto threads = static_cast<uint64_t>((total_ + before_ + each_ - 1) / each_);
        MapModule result;
        result.groups = (threads + local_size - 1) / local_size;
        const uint64_t rows = (result.groups + max_groups - 1) / max_groups;
        result.row = static_cast<uint32_t>((result.groups + rows - 1) / rows);

        const Uint thread{&m_, m_.invocation(result.row * local_size)};
        const Uint count{&m_, m_.u32(static_cast<uint32_t>(threads))};
        m_.begin_if((thread < count).id);
        block(thread * each_);
        m_.end_if();
        result.words = m_.finish(local_size);
        return result;
    }

  private:
    /// Whether threads have elements outside of the space: before the first or after the last.
    bool ragged() const { return before_ != 0 || total_ % each_ != 0; }

    /// All loads before all stores: an output may lie where an input does.
    void block(Uint first) {
        std::vector<Elements> results(map_.outputs.size());
        for (uint32_t k = 0; k < each_; ++k) {
            const Elements values = evaluate(element_of(first, k));
            for (size_t j = 0; j < results.size(); ++j)
                results[j].push_back(values[static_cast<size_t>(map_.results[j])]);
        }
        for (size_t j = 0; j < results.size(); ++j)
            store(first, j, results[j]);
    }

    /// The k-th element of a thread; outside of the space, the last.
    Uint element_of(Uint first, uint32_t k) {
        const uint32_t offset = k - before_;
        const Uint element = offset == 0 ? first : first + offset;
        if (!ragged())
            return element;
        const Uint last{&m_, m_.u32(static_cast<uint32_t>(total_ - 1))};
        return select(element < last, element, last);
    }

    void store(Uint first, size_t output, const Elements& values) {
        const spirv::Id buffer = m_.buffer(static_cast<uint32_t>(map_.inputs.size() + output));
        const View& view = map_.outputs[output];
        const auto per_word = static_cast<uint32_t>(4 / plugin::size_of(view.stored()));
        if (per_word > 1) {
            // The first thread's word begins so many elements before the space.
            const uint32_t base = (static_cast<uint32_t>(view.base) - before_) / per_word;
            Uint at = first / per_word;
            if (base != 0)
                at = at + base;
            for (uint32_t k = 0; k < values.size(); k += per_word)
                store_packed(buffer, k == 0 ? at : at + k / per_word, first + (k - before_),
                             std::span(values).subspan(k, per_word));
            return;
        }
        for (uint32_t k = 0; k < values.size(); ++k)
            spirv::store(m_, buffer, place(view, element_of(first, k)),
                         {view.stored(), values[k].id, values[k].high});
    }

    /// Bytes of a word that lie outside of the space are somebody else's.
    void store_packed(spirv::Id buffer, Uint at, Uint first,
                      std::span<const spirv::Element> values) {
        const Uint word = pack(m_, values);
        if (!ragged()) {
            m_.store_word(buffer, at.id, word.id);
            return;
        }
        const auto bits = static_cast<uint32_t>(32 / values.size());
        const Uint total = literal(first, static_cast<uint32_t>(total_)), none = literal(first, 0);
        Uint ours = none;
        for (uint32_t k = 0; k < values.size(); ++k)
            ours = ours | select(first + k < total,
                                 literal(first, ((1u << bits) - 1) << (k * bits)), none);
        const Bool whole = equal(ours, ~0u);
        m_.begin_if(whole.id);
        m_.store_word(buffer, at.id, word.id);
        m_.end_if();
        m_.begin_if((!whole && !equal(ours, 0u)).id);
        const Uint before{&m_, m_.load_word(buffer, at.id)};
        m_.store_word(buffer, at.id, ((word & ours) | (before & (ours ^ literal(ours, ~0u)))).id);
        m_.end_if();
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
        const auto loaded = [&] {
            spirv::Element value = spirv::load(m_, buffer, at, view.stored());
            value.dtype = view.dtype;
            return value;
        };
        if (view.bounds.empty())
            return loaded();
        Bool inside{&m_, m_.boolean(true)};
        for (size_t d = 0; d < c.size(); ++d)
            inside = inside && c[d] + static_cast<uint32_t>(-view.bounds[d].low) <
                                   literal(at, static_cast<uint32_t>(view.bounds[d].extent));
        at = select(inside, at, literal(at, 0));
        return choose(m_, inside, loaded(), constant(m_, view.fill, view.dtype));
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
    const uint32_t each_ = elements_a_thread(map_);
    const uint32_t before_ = elements_before(map_);
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
