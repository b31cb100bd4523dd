/// How far a result is from the reference's, and how far it may be.
#pragma once

#include <string>

#include "case.hpp"

namespace lamina::conformance {

/// Both in units that do not depend on the tensor's scale.
struct Distance {
    double nmse = 0;  // sum of squared differences / sum of squared reference values
    double worst = 0; // largest difference / largest reference magnitude
};

/// The bound for results of this class and type; numerics is the candidate's ("exact",
/// "reassociated", "transformed"). Stated once, for every backend:
///
/// With u the type's unit roundoff, adding n terms one after the other loses a random walk of
/// about u * sqrt(n) / 10 of the largest result (the constants below leave a factor of ten), and a
/// library function may lose a few dozen u. Winograd's F(4, 3) and FFT lose more: Lavin and Gray
/// (2015) measure a factor of about ten; here it is thirty. Through a net, and step after step,
/// each operator adds its own, again a random walk: 64 u (as a function) times the root of their
/// number.
///
/// f16 and bf16 are computed on in f32 and rounded when they are stored: u is f32's, and 4 u of the
/// type come on top, for the result and for what an epilogue rounds before it. In a net of such
/// values each operator rounds what it stores: 2 u of their type times the root of their number.
///
/// Some nets make much of a rounding: batch normalisation over five values, 94 times over, makes
/// 3e-5 of one unit in the last place of InceptionV3's input, where LeNet makes 2e-7. What a net
/// makes of that on the reference itself (Limit::moved) is measured where the bound above is
/// missed, and counts eight times, for a net rounds in many places; at most 1e-4 of it counts, for
/// a net that is chaos tests nothing.
Distance bound(const Limit& limit, DType dtype, const std::string& numerics);

/// The largest difference / the largest magnitude of `want`; 0 where that is 0.
double relative_distance(const Tensor& got, const Tensor& want);

/// What is wrong with `got`, "" when nothing is. NaN and infinity must stand where the reference
/// has them; those elements count in neither distance.
std::string compare(const Tensor& got, const Tensor& want, const Limit& limit,
                    const std::string& numerics);

} // namespace lamina::conformance
