// A line of y's elements, one thread a word of them: 4 / SIZE elements of 1 or 2 bytes, else one. Words whose other
// elements are somebody else's are read before they are written. SIZE (bytes) is the includer's constant, and its Push
// has first (the first element), elements (how many) and y_first (the one that the binding of y begins with).

const uint PER_WORD = SIZE < 4 ? 4 / SIZE : 1;
const uint WORDS = SIZE < 4 ? 1 : SIZE / 4; // of an element
const uint ELEMENT_BITS = SIZE < 4 ? 8 * SIZE : 32;

// The first element of a thread's word.
uint word_begin(uint thread) { return (first / PER_WORD + thread) * PER_WORD; }
bool is_ours(uint element) { return element >= first && element < first + elements; }
// Where its word lies in the binding.
uint word_of(uint element) { return (element - y_first) / PER_WORD * WORDS; }

uint element_shift(uint i) { return ELEMENT_BITS * (i % PER_WORD); }
uint element_mask(uint i) { return SIZE < 4 ? ((1u << ELEMENT_BITS) - 1) << element_shift(i) : 0xffffffffu; }
