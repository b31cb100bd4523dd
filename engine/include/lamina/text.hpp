#pragma once

#include "lamina/export.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lamina {

/// Edits (insertions, deletions, replacements, swaps of neighbours) that turn one text into the
/// other, without regard to case.
LAMINA_API std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that a mistyped name most likely meant, or "" when none is close: at most a third
/// of the name's characters may differ, and at least one. The first of equals.
LAMINA_API std::string nearest(std::string_view name, std::span<const std::string> candidates);

/// " (did you mean \"conv2d\"?)" or "", to be put behind what names the unknown thing.
LAMINA_API std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

LAMINA_API std::string join(std::span<const std::string> parts, std::string_view separator);

/// The pieces between the separators, empty ones included; "" gives one empty piece.
LAMINA_API std::vector<std::string> split(std::string_view text, char separator);

/// Without the white space at both ends.
LAMINA_API std::string_view trim(std::string_view text);

LAMINA_API std::string lower(std::string_view text);

/// "1 image", "2 images".
LAMINA_API std::string count_of(long long count, std::string_view singular);

} // namespace lamina
