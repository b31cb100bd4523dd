#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_layers", "0.1.0")
