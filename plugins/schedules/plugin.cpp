#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_schedules", "0.1.0")
