/// What a backend must support: a text file, a line each.
///
///     conv               every case of this operator
///     except */f64/*     but not the cases whose name matches; holds for all operators
///     # a comment
#pragma once

#include <string>
#include <vector>

namespace lamina::conformance {

/// * stands for any text, ? for any character. A pattern without either is looked for anywhere.
bool matches(const std::string& text, const std::string& pattern);

class Required {
  public:
    Required() = default;
    /// Throws Error when the file cannot be read or a line is not understood.
    explicit Required(const std::string& file);

    bool includes(const std::string& op, const std::string& test) const;
    const std::vector<std::string>& operators() const { return operators_; }

  private:
    std::vector<std::string> operators_, exceptions_;
};

} // namespace lamina::conformance
