/// Parts of operands as bindings of their own, for shaders that begin at a binding's first element:
/// where a part begins where no binding may, a copy in the workspace stands for it.
#pragma once

#include "kernel.hpp"

namespace lamina::vulkan {

/// Elements of an operand.
struct Range {
    int64_t first = 0, count = 0;
};

class Parts {
  public:
    /// workspace: the offset from which on copies may lie, as many bytes as the parts, each rounded
    /// up to the alignment.
    Parts(Step& step, uint64_t workspace) : step_(step), workspace_(workspace) {}

    Operand read(Operand whole, lm_dtype, Range);
    /// What is dispatched to it, all of it, arrives with finish().
    Operand write(Operand whole, lm_dtype, Range);
    /// The same, where not all of it is written.
    Operand update(Operand whole, lm_dtype, Range);
    void finish();

  private:
    struct Copy {
        Operand copy;
        Part original;
        int64_t elements = 0;
        lm_dtype dtype = LM_F32;
    };
    Copy stage(Operand whole, lm_dtype, Range);
    void fetch(const Copy&);

    Step& step_;
    uint64_t workspace_;
    std::vector<Copy> written_;
};

} // namespace lamina::vulkan
