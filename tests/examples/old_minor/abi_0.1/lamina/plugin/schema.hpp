/// Schemas from pieces, joined at compile time.
///
///     static constexpr auto dense_schema = schema(
///         R"("units": {"type": "int", "required": true, "min": 1})",
///         activation_key, weight_keys("kernel", "glorot_uniform"));
///     LAMINA_LAYER(Dense, dense_schema.text, "activation(x . kernel + bias)", dense)
#pragma once

#include <cstddef>

namespace lamina::plugin {

/// Text of N - 1 characters and a NUL, in a constant.
template <size_t N>
struct Text {
    char text[N]{};

    constexpr Text() = default;
    constexpr Text(const char (&literal)[N]) {
        for (size_t i = 0; i < N; ++i)
            text[i] = literal[i];
    }
};

template <size_t N, size_t M>
constexpr Text<N + M - 1> operator+(const Text<N>& a, const Text<M>& b) {
    Text<N + M - 1> sum;
    for (size_t i = 0; i + 1 < N; ++i)
        sum.text[i] = a.text[i];
    for (size_t i = 0; i < M; ++i)
        sum.text[N - 1 + i] = b.text[i];
    return sum;
}
template <size_t N, size_t M>
constexpr auto operator+(const Text<N>& a, const char (&b)[M]) {
    return a + Text(b);
}

template <size_t N>
constexpr auto members(const Text<N>& first) {
    return first;
}
template <size_t N>
constexpr auto members(const char (&first)[N]) {
    return Text(first);
}
/// Members of a schema, each text or a literal, with commas between.
template <class First, class... Rest>
constexpr auto members(const First& first, const Rest&... rest) {
    return members(first) + ", " + members(rest...);
}
template <class... Members>
constexpr auto schema(const Members&... each) {
    return Text("{") + members(each...) + "}";
}

/// "name": {properties}
template <size_t N, size_t M>
constexpr auto key(const Text<N>& name, const char (&properties)[M]) {
    return Text("\"") + name + "\": {" + properties + "}";
}
template <size_t N, size_t M>
constexpr auto key(const char (&name)[N], const char (&properties)[M]) {
    return key(Text(name), properties);
}

/// Properties of a key that Keras writes and that must be null here.
inline constexpr char only_null[] = R"("type": "any", "nullable": true, "default": null,
                                      "enum": [null])";

} // namespace lamina::plugin
