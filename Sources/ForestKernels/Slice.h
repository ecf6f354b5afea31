// Idea: a forest asks the same questions again and again (191,000 nodes, 7,000 different questions in
// the "higgs" benchmark), so each is asked once for a block of rows, and its answers are kept as one
// bit a row. A tree is then a multiplexer: the answers at level d, selected by the answers at the
// levels above, are bit d of each row's leaf number. One instruction decides one node for up to 512
// rows, without a gather, a branch or a pointer.
//
// Layout: `answers[slot * W + word]`, 64 rows a word. Rows are taken apart again by transposing the
// eight planes of bits into bytes, which leaves row 8b + j of a word in byte b of vector j: that is
// "slice order", in which the sums are kept until a block is done.
//
// Limits: depth 8 (a byte a row); 64 * W rows a block.
//
// Included once for each instruction set, with W and FN(name) defined; generic vectors compile to
// AVX-512 ternary logic, AVX2, SSE2 or NEON alike.

typedef uint64_t FN(vector) __attribute__((vector_size(8 * W), aligned(8)));
#define vector FN(vector)

INLINE vector FN(load)(const uint64_t *answers, uint32_t slot16) {
  return *(const vector *)((const char *)answers + (size_t)slot16 * (W / 2));
}

// The answer of a node `level` levels below the root: its own, if none are left to choose from.
#define CHOOSE(levels, fewer)                                                                        \
  INLINE vector FN(choose##levels)(const uint64_t *answers, const uint32_t *slots,                   \
                                   const vector *planes) {                                           \
    vector no = FN(choose##fewer)(answers, slots, planes + 1);                                       \
    vector yes = FN(choose##fewer)(answers, slots + (1 << (fewer)), planes + 1);                     \
    return (planes[0] & yes) | (~planes[0] & no);                                                    \
  }
INLINE vector FN(choose0)(const uint64_t *answers, const uint32_t *slots, const vector *planes) {
  (void)planes;
  return FN(load)(answers, slots[0]);
}
CHOOSE(1, 0)
CHOOSE(2, 1)
CHOOSE(3, 2)
CHOOSE(4, 3)
CHOOSE(5, 4)
CHOOSE(6, 5)
CHOOSE(7, 6)
#undef CHOOSE

/// Swaps the bits of a under mask << shift with those of b under mask.
INLINE void FN(exchange)(vector *a, vector *b, int shift, uint64_t mask) {
  vector difference = ((*a >> shift) ^ *b) & mask;
  *b ^= difference;
  *a ^= difference << shift;
}

/// Eight planes of bits to eight vectors of bytes: an 8 x 8 transpose of every eight rows.
INLINE void FN(transpose)(vector *planes) {
  for (int i = 0; i < 8; i += 2) FN(exchange)(&planes[i], &planes[i + 1], 1, 0x5555555555555555u);
  for (int i = 0; i < 8; i += 4)
    for (int j = i; j < i + 2; j++) FN(exchange)(&planes[j], &planes[j + 2], 2, 0x3333333333333333u);
  for (int j = 0; j < 4; j++) FN(exchange)(&planes[j], &planes[j + 4], 4, 0x0f0f0f0f0f0f0f0fu);
}

/// Adds to each row of the block the leaf of one tree.
INLINE void FN(add_tree)(int depth, const uint64_t *answers, const uint32_t *slots,
                         const float *leaves, float *sums) {
  vector planes[8];
#define PLANE(d) planes[d] = (d) < depth ? FN(choose##d)(answers, slots + (1 << (d)) - 1, planes) : (vector){0}
  PLANE(0);
  PLANE(1);
  PLANE(2);
  PLANE(3);
  PLANE(4);
  PLANE(5);
  PLANE(6);
  PLANE(7);
#undef PLANE
  FN(transpose)(planes);
  FN(add_leaves)(depth, (const uint8_t *)planes, leaves, sums);
}

FUNCTION void FN(add)(const fk_trees *forest, size_t begin, size_t end, const uint64_t *answers,
                      float *sums) {
  for (size_t t = begin; t < end; t++) {
    const fk_tree tree = forest->trees[t];
    const uint32_t *slots = forest->slots + tree.questions;
    const float *leaves = forest->leaves + tree.leaves;
    float *output = sums + (size_t)tree.output * 64 * W;
    switch (tree.depth) {
#define CASE(d) case d: FN(add_tree)(d, answers, slots, leaves, output); break;
      case 0:
        for (int i = 0; i < 64 * W; i++) output[i] += leaves[0];
        break;
      CASE(1)
      CASE(2)
      CASE(3)
      CASE(4)
      CASE(5)
      CASE(6)
      CASE(7)
      CASE(8)
#undef CASE
    }
  }
}

FUNCTION void FN(ask)(const fk_questions *questions, const float *rows, size_t row_count,
                      uint64_t *answers) {
  size_t words = (row_count + 63) / 64;
  *(vector *)answers = (vector){0};
  for (size_t c = 0; c < questions->column_count; c++) {
    const fk_column column = questions->columns[c];
    const float *thresholds = questions->thresholds + column.thresholds;
    const size_t features = questions->feature_count;
    float values[64 * W];
    for (size_t r = 0; r < row_count; r++) values[r] = rows[r * features + column.feature];
    for (size_t r = row_count; r < words * 64; r++) values[r] = 0;
    uint64_t missing[W] = {0};
    if (column.missing_yes >= 0)
      for (size_t w = 0; w < words; w++) missing[w] = FN(unordered)(values + 64 * w);
    // The first side is worked out, the other copied from it.
    int64_t side = column.missing_no >= 0 ? column.missing_no : column.missing_yes;
    uint64_t *first = answers + side * W;
    if (column.count <= FK_FEW) {
      // Cheaper than ranking.
      for (size_t k = 0; k < column.count; k++)
        for (size_t w = 0; w < words; w++)
          first[k * W + w] = FN(below)(values + 64 * w, thresholds[k]);
    } else {
      // Each row's bit is put where its first yes is; every later answer is yes too.
      for (size_t k = 0; k <= column.count; k++) *(vector *)(first + k * W) = (vector){0};
      for (size_t r = 0; r < words * 64; r++)
        first[FN(rank)(thresholds, column.count, values[r]) * W + (r >> 6)] |= (uint64_t)1 << (r & 63);
      vector seen = {0};
      for (size_t k = 0; k < column.count; k++) {
        seen |= *(vector *)(first + k * W);
        *(vector *)(first + k * W) = seen;
      }
    }
    if (column.missing_yes < 0) continue;
    vector lost;
    __builtin_memcpy(&lost, missing, sizeof lost);
    uint64_t *second = answers + (int64_t)column.missing_yes * W;
    for (size_t k = 0; k < column.count; k++)
      *(vector *)(second + k * W) = *(const vector *)(first + k * W) | lost;
  }
}
#undef vector
