#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_datasets", "0.1.0")
