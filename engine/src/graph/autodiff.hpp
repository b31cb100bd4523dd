/// Reverse-mode differentiation of a graph: differentiate() is for programs too.
#pragma once

#include "lamina/operators.hpp"
