/// Python's pickles as data: what the CIFAR-10 batches are made of, and no more.
///
/// A pickle is a program that may call any Python function. This reader calls none: what would be
/// a call is kept as the name of the callable with its arguments. It knows the opcodes that
/// Python's picklers write at protocols 2 to 5 for dictionaries, lists, tuples, numbers, texts and
/// NumPy arrays, and refuses any other.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lamina::datasets {

class Pickle {
  public:
    using Index = uint32_t; // of a value

    struct Value {
        enum class Kind {
            None,
            Bool,   // integer
            Int,    // integer
            Text,   // text: str and bytes alike
            List,   // items
            Tuple,  // items
            Dict,   // items: key, value, key, value, ...
            Name,   // of a function or class: module, text
            Object, // items: the callable's Name, its arguments' Tuple, and the state if there is
                    // one
        };
        Kind kind = Kind::None;
        int64_t integer = 0;
        std::string_view text;
        std::string_view module;
        std::vector<Index> items;
    };

    /// The bytes must outlive this. Throws plugin::Error that begins with `source`: truncated, an
    /// opcode beyond the subset, more values than any batch has.
    Pickle(std::span<const uint8_t> bytes, std::string source);

    const Value& root() const { return values_[root_]; }
    const Value& item(const Value& parent, size_t i) const { return values_[parent.items[i]]; }
    /// The value of a key; nullptr when the dictionary has none.
    const Value* find(const Value& dictionary, std::string_view key) const;

  private:
    void step(uint8_t opcode);
    [[noreturn]] void refuse(const std::string& why) const;
    void expect_room(size_t count) const;

    uint8_t byte();
    uint64_t number(size_t width); // little-endian
    std::string_view text(uint64_t size);
    std::string_view line();

    Index push(Value value);
    Index pop();
    Index top() const;
    std::vector<Index> pop_to_mark();
    void push_list(Value::Kind kind, std::vector<Index> items);
    void push_text(uint64_t size);
    void push_tuple(size_t size);
    void push_number(Value::Kind kind, int64_t number);
    void push_long(size_t width);
    void push_name(std::string_view module, std::string_view name);
    void build();
    void extend(Value::Kind kind, const std::vector<Index>& items);
    void put(uint64_t key);
    void get(uint64_t key);

    std::span<const uint8_t> bytes_;
    std::string source_;
    size_t at_ = 0;
    std::vector<Value> values_; // all of them: items are indices, so nothing is freed recursively
    std::vector<Index> stack_;
    std::vector<size_t> marks_;
    std::unordered_map<uint64_t, Index> memo_;
    Index root_ = 0;
};

/// A NumPy array of bytes: its extents and its elements, row-major.
struct ByteArray {
    std::vector<int64_t> dims;
    std::span<const uint8_t> data;
};

/// Throws plugin::Error that begins with `source` unless the value is an array of uint8 in C order.
ByteArray byte_array(const Pickle& pickle, const Pickle::Value& value, const std::string& source);

} // namespace lamina::datasets
