// Vectors that memory holds only the first elements of. Included once for each instruction set.

#if defined(LAMINA_CPU_PARTIAL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAMINA_CPU_PARTIAL_INL
#undef LAMINA_CPU_PARTIAL_INL
#else
#define LAMINA_CPU_PARTIAL_INL
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// The elements where the mask is set, 0 elsewhere; no other is touched. p: any address. (Before
/// AVX2 Highway's MaskedLoad wants an aligned one and reads the whole vector.)
HWY_INLINE hn::Vec<hn::ScalableTag<float>> masked_load(hn::Mask<hn::ScalableTag<float>> mask,
                                                       hn::ScalableTag<float> d, const float* p) {
#if HWY_TARGET == HWY_SSE4
    alignas(16) float elements[hn::MaxLanes(hn::ScalableTag<float>())] = {};
    std::uint8_t bits[8];
    hn::StoreMaskBits(d, mask, bits);
    for (std::size_t i = 0; i < hn::Lanes(d); ++i)
        if ((bits[0] >> i & 1) != 0)
            elements[i] = p[i];
    return hn::Load(d, elements);
#else
    return hn::MaskedLoad(mask, d, p);
#endif
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif // LAMINA_CPU_PARTIAL_INL
