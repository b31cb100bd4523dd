#include "pickle.hpp"

#include <cstdio>

#include "lamina/plugin/plugin.hpp"

namespace lamina::datasets {
namespace {

using Kind = Pickle::Value::Kind;

// A batch has 10,000 labels, 10,000 file names and a few dozen other values. A file that asks for
// many more would only fill the memory.
constexpr size_t kMostValues = 1'000'000;

enum Opcode : uint8_t {
    kMark = '(',
    kEmptyTuple = ')',
    kStop = '.',
    kBinBytes = 'B',
    kShortBinBytes = 'C',
    kBinInt = 'J',
    kBinInt1 = 'K',
    kBinInt2 = 'M',
    kNone = 'N',
    kReduce = 'R',
    kBinString = 'T',
    kShortBinString = 'U',
    kBinUnicode = 'X',
    kEmptyList = ']',
    kAppend = 'a',
    kBuild = 'b',
    kGlobal = 'c',
    kAppends = 'e',
    kBinGet = 'h',
    kLongBinGet = 'j',
    kBinPut = 'q',
    kLongBinPut = 'r',
    kSetItem = 's',
    kTuple = 't',
    kSetItems = 'u',
    kEmptyDict = '}',
    kProto = 0x80,
    kTuple1 = 0x85,
    kTuple2 = 0x86,
    kTuple3 = 0x87,
    kNewTrue = 0x88,
    kNewFalse = 0x89,
    kLong1 = 0x8a,
    kShortBinUnicode = 0x8c,
    kBinUnicode8 = 0x8d,
    kBinBytes8 = 0x8e,
    kStackGlobal = 0x93,
    kMemoize = 0x94,
    kFrame = 0x95,
    kByteArray8 = 0x96,
};

} // namespace

void Pickle::refuse(const std::string& why) const {
    throw plugin::Error(LM_IO, source_ + ": " + why);
}

Pickle::Pickle(std::span<const uint8_t> bytes, std::string source)
    : bytes_(bytes), source_(std::move(source)) {
    if (bytes_.size() < 2 || bytes_[0] != kProto || bytes_[1] < 2 || bytes_[1] > 5)
        refuse("not a Python pickle of protocol 2 to 5");
    for (uint8_t opcode = byte(); opcode != kStop; opcode = byte())
        step(opcode);
    root_ = pop();
}

uint8_t Pickle::byte() { return static_cast<uint8_t>(number(1)); }

uint64_t Pickle::number(size_t width) {
    uint64_t value = 0;
    const std::string_view raw = text(width);
    for (size_t i = 0; i < width; ++i)
        value |= uint64_t{static_cast<uint8_t>(raw[i])} << (8 * i);
    return value;
}

std::string_view Pickle::text(uint64_t size) {
    if (size > bytes_.size() - at_)
        refuse("truncated: the pickle goes on after byte " + std::to_string(bytes_.size()) +
               ", the last one");
    const auto* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
    at_ += size;
    return {begin, size};
}

std::string_view Pickle::line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_,
                                bytes_.size() - at_);
    const size_t end = rest.find('\n');
    const std::string_view found = text(end == rest.npos ? rest.size() + 1 : end);
    ++at_;
    return found;
}

void Pickle::expect_room(size_t count) const {
    if (count >= kMostValues)
        refuse("more than " + std::to_string(kMostValues) + " values: not a batch of CIFAR-10");
}

Pickle::Index Pickle::push(Value value) {
    expect_room(values_.size());
    values_.push_back(std::move(value));
    stack_.push_back(static_cast<Index>(values_.size() - 1));
    return stack_.back();
}

Pickle::Index Pickle::top() const {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back()))
        refuse("damaged: an opcode finds no value before byte " + std::to_string(at_));
    return stack_.back();
}

Pickle::Index Pickle::pop() {
    const Index value = top();
    stack_.pop_back();
    return value;
}

std::vector<Pickle::Index> Pickle::pop_to_mark() {
    if (marks_.empty())
        refuse("damaged: a mark is missing before byte " + std::to_string(at_));
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Index> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
}

void Pickle::push_tuple(size_t size) {
    std::vector<Index> items(size);
    for (size_t i = size; i-- > 0;)
        items[i] = pop();
    push_list(Kind::Tuple, std::move(items));
}

void Pickle::push_list(Kind kind, std::vector<Index> items) {
    Value value;
    value.kind = kind;
    value.items = std::move(items);
    push(std::move(value));
}

void Pickle::push_text(uint64_t size) {
    Value value;
    value.kind = Kind::Text;
    value.text = text(size);
    push(std::move(value));
}

void Pickle::push_name(std::string_view module, std::string_view name) {
    Value value;
    value.kind = Kind::Name;
    value.text = name;
    value.module = module;
    push(std::move(value));
}

/// A signed integer of up to eight bytes.
void Pickle::push_long(size_t width) {
    if (width > 8)
        refuse("an integer of " + std::to_string(width) + " bytes: not a batch of CIFAR-10");
    uint64_t value = number(width);
    if (width > 0 && width < 8 && (value >> (8 * width - 1) & 1) != 0)
        value |= ~uint64_t{0} << (8 * width);
    push_number(Kind::Int, static_cast<int64_t>(value));
}

void Pickle::push_number(Kind kind, int64_t number) {
    Value value;
    value.kind = kind;
    value.integer = number;
    push(std::move(value));
}

/// Adds to the list or dictionary on top.
void Pickle::extend(Kind kind, const std::vector<Index>& items) {
    Value& target = values_[top()];
    if (target.kind != kind || (kind == Kind::Dict && items.size() % 2 != 0))
        refuse("damaged: items for what takes none, before byte " + std::to_string(at_));
    expect_room(target.items.size() + items.size());
    target.items.insert(target.items.end(), items.begin(), items.end());
}

void Pickle::get(uint64_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end())
        refuse("damaged: it refers to value " + std::to_string(key) + ", which was never stored");
    expect_room(stack_.size());
    stack_.push_back(found->second);
}

void Pickle::put(uint64_t key) {
    expect_room(memo_.size());
    memo_[key] = top();
}

/// Gives the object beneath its state.
void Pickle::build() {
    const Index state = pop();
    Value& object = values_[top()];
    if (object.kind != Kind::Object || object.items.size() != 2)
        refuse("damaged: a state for what takes none, before byte " + std::to_string(at_));
    object.items.push_back(state);
}

void Pickle::step(uint8_t opcode) {
    switch (opcode) {
    case kProto:
        byte();
        break;
    case kFrame:
        number(8);
        break;
    case kNone:
        push({});
        break;
    case kNewTrue:
    case kNewFalse:
        push_number(Kind::Bool, opcode == kNewTrue ? 1 : 0);
        break;
    case kBinInt:
        push_long(4);
        break;
    case kBinInt1:
        push_number(Kind::Int, byte());
        break;
    case kBinInt2:
        push_number(Kind::Int, static_cast<int64_t>(number(2)));
        break;
    case kLong1:
        push_long(byte());
        break;
    case kShortBinString:
    case kShortBinBytes:
    case kShortBinUnicode:
        push_text(byte());
        break;
    case kBinString: // a length that is negative there is beyond any file's end here
    case kBinBytes:
    case kBinUnicode:
        push_text(number(4));
        break;
    case kBinBytes8:
    case kBinUnicode8:
    case kByteArray8:
        push_text(number(8));
        break;
    case kEmptyList:
        push_list(Kind::List, {});
        break;
    case kEmptyDict:
        push_list(Kind::Dict, {});
        break;
    case kEmptyTuple:
        push_tuple(0);
        break;
    case kTuple1:
    case kTuple2:
    case kTuple3:
        push_tuple(opcode - kTuple1 + size_t{1});
        break;
    case kMark:
        expect_room(marks_.size());
        marks_.push_back(stack_.size());
        break;
    case kTuple:
        push_list(Kind::Tuple, pop_to_mark());
        break;
    case kAppend:
        extend(Kind::List, {pop()});
        break;
    case kAppends:
        extend(Kind::List, pop_to_mark());
        break;
    case kSetItem: {
        const Index value = pop(), key = pop();
        extend(Kind::Dict, {key, value});
        break;
    }
    case kSetItems:
        extend(Kind::Dict, pop_to_mark());
        break;
    case kBinPut:
        put(byte());
        break;
    case kLongBinPut:
        put(number(4));
        break;
    case kMemoize:
        put(memo_.size());
        break;
    case kBinGet:
        get(byte());
        break;
    case kLongBinGet:
        get(number(4));
        break;
    case kGlobal: {
        const std::string_view module = line(), name = line();
        push_name(module, name);
        break;
    }
    case kStackGlobal: {
        const Value& name = values_[pop()];
        const Value& module = values_[pop()];
        push_name(module.text, name.text);
        break;
    }
    case kReduce: {
        const Index arguments = pop(), callable = pop();
        push_list(Kind::Object, {callable, arguments});
        break;
    }
    case kBuild:
        build();
        break;
    default: {
        char hex[8];
        std::snprintf(hex, sizeof hex, "%02x", opcode);
        refuse("opcode " + std::string(hex) + " at byte " + std::to_string(at_ - 1) +
               " is not one that a batch of CIFAR-10 needs");
    }
    }
}

const Pickle::Value* Pickle::find(const Value& dictionary, std::string_view key) const {
    if (dictionary.kind != Kind::Dict)
        return nullptr;
    for (size_t i = 0; i + 1 < dictionary.items.size(); i += 2) {
        const Value& own = item(dictionary, i);
        if (own.kind == Kind::Text && own.text == key)
            return &item(dictionary, i + 1);
    }
    return nullptr;
}

namespace {

/// Reads NumPy's objects; every expectation that fails is the same refusal.
class ArrayReader {
  public:
    ArrayReader(const Pickle& pickle, const std::string& source)
        : pickle_(pickle), source_(source) {}

    ByteArray read(const Pickle::Value& object) const {
        expect(object.kind == Kind::Object);
        if (is_named(pickle_.item(object, 0), "multiarray", "_reconstruct"))
            return from_state(of_kind(object, 2, Kind::Tuple));
        expect(is_named(pickle_.item(object, 0), "numeric", "_frombuffer"));
        return from_buffer(of_kind(object, 1, Kind::Tuple));
    }

  private:
    void expect(bool holds) const {
        if (!holds)
            throw plugin::Error(LM_IO, source_ + ": its `data` is not a NumPy array of bytes");
    }
    const Pickle::Value& of_kind(const Pickle::Value& parent, size_t i, Kind kind) const {
        expect(i < parent.items.size() && pickle_.item(parent, i).kind == kind);
        return pickle_.item(parent, i);
    }
    /// numpy.core's, or numpy._core's since NumPy 2.
    static bool is_named(const Pickle::Value& callable, const char* module, const char* name) {
        return callable.kind == Kind::Name && callable.text == name &&
               callable.module.starts_with("numpy.") && callable.module.ends_with(module);
    }
    /// numpy.dtype("u1", False, True)
    void expect_bytes(const Pickle::Value& type) const {
        const Pickle::Value& callable = of_kind(type, 0, Kind::Name);
        expect(callable.module == "numpy" && callable.text == "dtype");
        const auto name = of_kind(of_kind(type, 1, Kind::Tuple), 0, Kind::Text).text;
        expect(name == "u1" || name == "|u1" || name == "uint8");
    }
    ByteArray array(const Pickle::Value& shape, std::string_view text) const {
        ByteArray out{{}, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}};
        uint64_t elements = 1;
        for (size_t i = 0; i < shape.items.size(); ++i) {
            out.dims.push_back(of_kind(shape, i, Kind::Int).integer);
            expect(out.dims.back() >= 0 &&
                   !__builtin_mul_overflow(elements, static_cast<uint64_t>(out.dims.back()),
                                           &elements));
        }
        expect(elements == text.size());
        return out;
    }
    /// (version, shape, dtype, whether in Fortran's order, elements)
    ByteArray from_state(const Pickle::Value& state) const {
        expect_bytes(of_kind(state, 2, Kind::Object));
        expect(state.items.size() > 3);
        const Pickle::Value& order = pickle_.item(state, 3);
        expect(order.kind == Kind::Bool || order.kind == Kind::Int);
        expect(order.integer == 0);
        return array(of_kind(state, 1, Kind::Tuple), of_kind(state, 4, Kind::Text).text);
    }
    /// (elements, dtype, shape, "C")
    ByteArray from_buffer(const Pickle::Value& arguments) const {
        expect_bytes(of_kind(arguments, 1, Kind::Object));
        expect(of_kind(arguments, 3, Kind::Text).text == "C");
        return array(of_kind(arguments, 2, Kind::Tuple), of_kind(arguments, 0, Kind::Text).text);
    }

    const Pickle& pickle_;
    const std::string& source_;
};

} // namespace

ByteArray byte_array(const Pickle& pickle, const Pickle::Value& value, const std::string& source) {
    return ArrayReader(pickle, source).read(value);
}

} // namespace lamina::datasets
