#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_optimizers", "0.1.0")
