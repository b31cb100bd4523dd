#include "codegen/spirv.hpp"

#include <bit>

namespace lamina::vulkan::spirv {

namespace {

// Enumerants of the specification.
constexpr uint32_t kShader = 1;                // capability
constexpr uint32_t kLogical = 0, kGlsl450 = 1; // addressing and memory model
constexpr uint32_t kGlCompute = 5;             // execution model
constexpr uint32_t kLocalSize = 17;            // execution mode
constexpr uint32_t kInput = 1, kStorageBuffer = 12;
constexpr uint32_t kBlock = 2, kArrayStride = 6, kBuiltIn = 11, kBinding = 33, kDescriptorSet = 34,
                   kOffset = 35, kNoContraction = 42;
constexpr uint32_t kGlobalInvocationId = 28;

bool rounds(Op op) { return op == Op::FAdd || op == Op::FSub || op == Op::FMul || op == Op::FDiv; }

/// Operands that hold a string, padded with zeros to whole words.
std::vector<uint32_t> literal(const char* text) {
    std::vector<uint32_t> words(1);
    for (size_t i = 0;; ++i) {
        if (i / 4 == words.size())
            words.push_back(0);
        words[i / 4] |= static_cast<uint32_t>(static_cast<unsigned char>(text[i])) << (i % 4 * 8);
        if (text[i] == '\0')
            return words;
    }
}

} // namespace

Module::Module() : glsl_set_(fresh()), main_(fresh()) {
    const Id vec3 = vector_type(u32_type(), 3);
    const Id pointer = declare(Op::TypePointer, {kInput, vec3});
    invocation_id_ = fresh();
    append(globals_, Op::Variable, {pointer, invocation_id_, kInput});
    append(decorations_, Op::Decorate, {invocation_id_, kBuiltIn, kGlobalInvocationId});
}

void Module::append(Words& section, Op op, std::span<const uint32_t> operands) {
    section.push_back(static_cast<uint32_t>(operands.size() + 1) << 16 | static_cast<uint32_t>(op));
    section.insert(section.end(), operands.begin(), operands.end());
}

Id Module::declare(Op op, std::initializer_list<uint32_t> operands) {
    Words key{static_cast<uint32_t>(op)};
    key.insert(key.end(), operands.begin(), operands.end());
    Id& id = declared_[key];
    if (id == 0) {
        id = fresh();
        Words words{id};
        words.insert(words.end(), operands.begin(), operands.end());
        append(globals_, op, words);
    }
    return id;
}

Id Module::constant(Id type, uint32_t bits) {
    Id& id = declared_[{static_cast<uint32_t>(Op::Constant), type, bits}];
    if (id == 0) {
        id = fresh();
        append(globals_, Op::Constant, {type, id, bits});
    }
    return id;
}

Id Module::f32(float value) { return constant(f32_type(), std::bit_cast<uint32_t>(value)); }

Id Module::boolean(bool value) {
    const Op op = value ? Op::ConstantTrue : Op::ConstantFalse;
    const Id type = bool_type();
    Id& id = declared_[{static_cast<uint32_t>(op), type}];
    if (id == 0) {
        id = fresh();
        append(globals_, op, {type, id});
    }
    return id;
}

Id Module::buffer(uint32_t binding) {
    Id& id = buffers_[binding];
    if (id != 0)
        return id;
    const bool first = buffers_.size() == 1;
    const Id array = declare(Op::TypeRuntimeArray, {u32_type()});
    const Id block = declare(Op::TypeStruct, {array});
    if (first) {
        append(decorations_, Op::Decorate, {array, kArrayStride, 4});
        append(decorations_, Op::Decorate, {block, kBlock});
        append(decorations_, Op::MemberDecorate, {block, 0, kOffset, 0});
    }
    const Id pointer = declare(Op::TypePointer, {kStorageBuffer, block});
    id = fresh();
    append(globals_, Op::Variable, {pointer, id, kStorageBuffer});
    append(decorations_, Op::Decorate, {id, kDescriptorSet, 0});
    append(decorations_, Op::Decorate, {id, kBinding, binding});
    return id;
}

Id Module::emit(Op op, Id type, std::span<const Id> operands) {
    const Id id = fresh();
    Words words{type, id};
    words.insert(words.end(), operands.begin(), operands.end());
    append(body_, op, words);
    // The polynomials rely on each operation's rounding, and all drivers shall give the same bits.
    if (rounds(op))
        append(decorations_, Op::Decorate, {id, kNoContraction});
    return id;
}

void Module::emit(Op op, std::initializer_list<Id> operands) { append(body_, op, operands); }

Id Module::glsl(Glsl instruction, Id type, std::initializer_list<Id> operands) {
    Words words{glsl_set_, static_cast<uint32_t>(instruction)};
    words.insert(words.end(), operands.begin(), operands.end());
    return emit(Op::ExtInst, type, words);
}

Id Module::word_pointer(Id buffer, Id index) {
    const Id pointer = declare(Op::TypePointer, {kStorageBuffer, u32_type()});
    return emit(Op::AccessChain, pointer, {buffer, u32(0), index});
}

Id Module::load_word(Id buffer, Id index) {
    return emit(Op::Load, u32_type(), {word_pointer(buffer, index)});
}

void Module::store_word(Id buffer, Id index, Id word) {
    emit(Op::Store, {word_pointer(buffer, index), word});
}

Id Module::invocation(uint32_t row) {
    const Id vec3 = vector_type(u32_type(), 3);
    const Id all = emit(Op::Load, vec3, {invocation_id_});
    const Id x = emit(Op::CompositeExtract, u32_type(), {all, 0});
    const Id y = emit(Op::CompositeExtract, u32_type(), {all, 1});
    return emit(Op::IAdd, u32_type(), {x, emit(Op::IMul, u32_type(), {y, u32(row)})});
}

void Module::begin_if(Id condition) {
    const Id inside = fresh();
    const Id merge = fresh();
    merges_.push_back(merge);
    emit(Op::SelectionMerge, {merge, 0});
    emit(Op::BranchConditional, {condition, inside, merge});
    emit(Op::Label, {inside});
}

void Module::end_if() {
    emit(Op::Branch, {merges_.back()});
    emit(Op::Label, {merges_.back()});
    merges_.pop_back();
}

std::vector<uint32_t> Module::finish(uint32_t local_size) {
    const Id none = void_type();
    const Id signature = declare(Op::TypeFunction, {none});
    const Id entry = fresh();

    Words words{0x07230203, 0x00010300, 0, 0, 0}; // magic, version 1.3, no generator, bound, schema
    append(words, Op::Capability, {kShader});
    Words import{glsl_set_};
    const Words set_name = literal("GLSL.std.450");
    import.insert(import.end(), set_name.begin(), set_name.end());
    append(words, Op::ExtInstImport, import);
    append(words, Op::MemoryModel, {kLogical, kGlsl450});
    Words point{kGlCompute, main_};
    const Words main_name = literal("main");
    point.insert(point.end(), main_name.begin(), main_name.end());
    point.push_back(invocation_id_);
    append(words, Op::EntryPoint, point);
    append(words, Op::ExecutionMode, {main_, kLocalSize, local_size, 1, 1});
    words.insert(words.end(), decorations_.begin(), decorations_.end());
    words.insert(words.end(), globals_.begin(), globals_.end());
    append(words, Op::Function, {none, main_, 0, signature});
    append(words, Op::Label, {entry});
    words.insert(words.end(), body_.begin(), body_.end());
    append(words, Op::Return, {});
    append(words, Op::FunctionEnd, {});
    words[3] = next_;
    return words;
}

} // namespace lamina::vulkan::spirv
