#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_metrics", "0.1.0")
