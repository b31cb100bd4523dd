#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_callbacks", "0.1.0")
