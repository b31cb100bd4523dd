/// Which fault the backend has: its option `fault`, "none" until a device is opened with another.
#pragma once

#include <string_view>

namespace lamina::faulty {

std::string_view fault();

} // namespace lamina::faulty
