#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_zca_whitening", "0.1.0")
