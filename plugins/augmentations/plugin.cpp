#include "lamina/plugin/plugin.hpp"

LAMINA_PLUGIN("lamina_augmentations", "0.1.0")
