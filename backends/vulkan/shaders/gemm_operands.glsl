// How gemm.glsl and gemm_cooperative.glsl read their operands.

// Neighbouring elements of memory lie along k or along the row of A, and along k or along the column of B ...
layout(constant_id = 6) const bool A_ALONG_K = true;
layout(constant_id = 7) const bool B_ALONG_K = false;
// ... and may be read and written in aligned fours.
layout(constant_id = 8) const bool A_QUADS = false;
layout(constant_id = 9) const bool B_QUADS = false;
layout(constant_id = 10) const bool Y_QUADS = false;

#define Row uvec4
#define Term uvec4

Row row_of(uint row);
Term term_of(uint k);
float load_a(Row row, Term term);
vec4 load_a4(Row row, Term term);
float load_b(uint k, uint column);
vec4 load_b4(uint k, uint column);
void store(uint row, uint column, float value);
void store4(uint row, uint column, vec4 value);
