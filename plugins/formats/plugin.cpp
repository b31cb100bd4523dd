#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_formats", "0.1.0")
