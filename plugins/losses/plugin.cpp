#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_losses", "0.1.0")
