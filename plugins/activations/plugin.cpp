#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_activations", "0.1.0")
