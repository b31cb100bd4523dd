// Comparisons and logic, element by element, with numpy's broadcasting; the result is bool.
// A comparison with NaN is false, except not_equal. None has a derivative other than zero.
#include "ops/elementwise.hpp"

namespace lamina::plugin {
namespace {

LAMINA_OPERATOR(equal, Flat<Element::equal>)
LAMINA_OPERATOR(not_equal, Flat<Element::not_equal>)
LAMINA_OPERATOR(less, Flat<Element::less>)
LAMINA_OPERATOR(less_equal, Flat<Element::less_equal>)
LAMINA_OPERATOR(greater, Flat<Element::greater>)
LAMINA_OPERATOR(greater_equal, Flat<Element::greater_equal>)
LAMINA_OPERATOR(logical_and, Flat<Element::logical_and>)
LAMINA_OPERATOR(logical_or, Flat<Element::logical_or>)

} // namespace
} // namespace lamina::plugin
