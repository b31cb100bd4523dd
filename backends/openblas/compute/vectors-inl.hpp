// Loops over rows in vectors. Included once for each instruction set.

#if defined(LAMINA_CPU_VECTORS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAMINA_CPU_VECTORS_INL
#undef LAMINA_CPU_VECTORS_INL
#else
#define LAMINA_CPU_VECTORS_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls f(vector type, index) for the elements [first, end): whole vectors, then ever shorter ones
/// for the rest.
template <class D, class F>
HWY_INLINE void for_each_vector(D d, std::int64_t first, std::int64_t end, F&& f) {
    constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(D()));
    for (; first + lanes <= end; first += lanes)
        f(d, first);
    if constexpr (lanes > 1)
        for_each_vector(hn::Half<D>(), first, end, f);
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
