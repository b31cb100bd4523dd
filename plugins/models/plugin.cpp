#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_models", "0.1.0")
