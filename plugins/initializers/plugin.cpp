#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_initializers", "0.1.0")
