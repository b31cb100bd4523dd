/// A small writer of SPIR-V 1.3 compute modules: as much as elementwise kernels need.
///
/// Instructions go to the section that the specification wants them in (SPIR-V 1.3, section 2.4);
/// types and constants are made once each.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <span>
#include <vector>

namespace lamina::vulkan::spirv {

using Id = uint32_t;

/// Opcodes, from the specification, section 3.32.
enum class Op : uint16_t {
    ExtInstImport = 11,
    ExtInst = 12,
    MemoryModel = 14,
    EntryPoint = 15,
    ExecutionMode = 16,
    Capability = 17,
    TypeVoid = 19,
    TypeBool = 20,
    TypeInt = 21,
    TypeFloat = 22,
    TypeVector = 23,
    TypeRuntimeArray = 29,
    TypeStruct = 30,
    TypePointer = 32,
    TypeFunction = 33,
    ConstantTrue = 41,
    ConstantFalse = 42,
    Constant = 43,
    Function = 54,
    FunctionEnd = 56,
    Variable = 59,
    Load = 61,
    Store = 62,
    AccessChain = 65,
    Decorate = 71,
    MemberDecorate = 72,
    CompositeConstruct = 80,
    CompositeExtract = 81,
    ConvertFToU = 109,
    ConvertFToS = 110,
    ConvertSToF = 111,
    ConvertUToF = 112,
    Bitcast = 124,
    SNegate = 126,
    FNegate = 127,
    IAdd = 128,
    FAdd = 129,
    ISub = 130,
    FSub = 131,
    IMul = 132,
    FMul = 133,
    UDiv = 134,
    FDiv = 136,
    UMod = 137,
    UMulExtended = 151,
    LogicalOr = 166,
    LogicalAnd = 167,
    LogicalNot = 168,
    Select = 169,
    IEqual = 170,
    INotEqual = 171,
    UGreaterThanEqual = 174,
    SGreaterThan = 173,
    ULessThan = 176,
    SLessThan = 177,
    FOrdEqual = 180,
    FUnordNotEqual = 183,
    FOrdLessThan = 184,
    FOrdGreaterThan = 186,
    FOrdLessThanEqual = 188,
    FOrdGreaterThanEqual = 190,
    ShiftRightLogical = 194,
    ShiftRightArithmetic = 195,
    ShiftLeftLogical = 196,
    BitwiseOr = 197,
    BitwiseXor = 198,
    BitwiseAnd = 199,
    SelectionMerge = 247,
    Label = 248,
    Branch = 249,
    BranchConditional = 250,
    Return = 253,
};

/// Instructions of GLSL.std.450.
enum class Glsl : uint32_t {
    RoundEven = 2,
    FAbs = 4,
    SAbs = 5,
    Floor = 8,
    Ceil = 9,
    Trunc = 3,
    Sqrt = 31,
    InverseSqrt = 32,
    SMin = 39,
    SMax = 42,
    Fma = 50,
    UnpackHalf2x16 = 62,
};

class Module {
  public:
    Module();

    Id void_type() { return declare(Op::TypeVoid, {}); }
    Id bool_type() { return declare(Op::TypeBool, {}); }
    Id u32_type() { return declare(Op::TypeInt, {32, 0}); }
    Id i32_type() { return declare(Op::TypeInt, {32, 1}); }
    Id f32_type() { return declare(Op::TypeFloat, {32}); }
    /// struct { uint low, high; }
    Id type_pair() { return declare(Op::TypeStruct, {u32_type(), u32_type()}); }
    Id vector_type(Id element, uint32_t n) { return declare(Op::TypeVector, {element, n}); }

    Id u32(uint32_t value) { return constant(u32_type(), value); }
    Id i32(int32_t value) { return constant(i32_type(), static_cast<uint32_t>(value)); }
    Id f32(float value);
    Id boolean(bool value);

    /// Storage buffer of set 0: an array of 32-bit words.
    Id buffer(uint32_t binding);

    // Into the body of main.
    Id emit(Op, Id type, std::span<const Id> operands);
    Id emit(Op op, Id type, std::initializer_list<Id> operands) {
        return emit(op, type, std::span(operands.begin(), operands.size()));
    }
    /// Without a result.
    void emit(Op op, std::initializer_list<Id> operands);
    Id glsl(Glsl, Id type, std::initializer_list<Id> operands);
    Id load_word(Id buffer, Id index);
    void store_word(Id buffer, Id index, Id word);

    /// y * row + x of gl_GlobalInvocationID.
    Id invocation(uint32_t row);
    /// What follows runs where the condition holds, until the end_if that belongs to it.
    void begin_if(Id condition);
    void end_if();

    /// The words of the module; one workgroup is local_size x 1 x 1.
    std::vector<uint32_t> finish(uint32_t local_size);

  private:
    using Words = std::vector<uint32_t>;
    static void append(Words&, Op, std::span<const uint32_t> operands);
    static void append(Words& section, Op op, std::initializer_list<uint32_t> operands) {
        append(section, op, std::span(operands.begin(), operands.size()));
    }
    Id fresh() { return next_++; }
    Id declare(Op, std::initializer_list<uint32_t> operands);
    Id constant(Id type, uint32_t bits);
    Id word_pointer(Id buffer, Id index);

    Id next_ = 1;
    Id glsl_set_, main_, invocation_id_;
    std::vector<Id> merges_; // of the ifs that are open
    Words decorations_, globals_, body_;
    std::map<Words, Id> declared_;
    std::map<uint32_t, Id> buffers_;
};

} // namespace lamina::vulkan::spirv
