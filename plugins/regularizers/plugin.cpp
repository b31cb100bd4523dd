#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_regularizers", "0.1.0")
