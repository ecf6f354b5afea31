// Idea: four levels of a tree fill one cache line, so that a walk of twelve levels touches three lines
// instead of twelve. Up to FK_WALKERS walks are under way at once: each goes one block further and asks
// for its next line before the others have their turn, so that they wait for memory together. Walks
// that have arrived leave the list, so that ragged trees cost what their rows visit.
//
// Layout of a block: 16 pairs of words. Pair 0: bit e of the first word says whether exit e leads to
// another block, and the second how many blocks ahead the first of those is; they lie side by side.
// Pairs 1 to 15 are the questions of a complete tree of four levels (children of i: 2i for no and
// 2i + 1 for yes), each a limit and the number of the row's word that is below it if the answer is yes.
// Where the tree has no question the limit is 0, which no word is below.
//
// Included once for each instruction set and width, with WORD and FN(name) defined.

INLINE void FN(walk_on)(int categories, const fk_walk_tables *tables, const uint32_t *roots,
                        size_t root_step, const WORD *words, size_t word_step, size_t count,
                        uint32_t *restrict leaves) {
  uint32_t blocks[FK_WALKERS];
  uint8_t active[FK_WALKERS];
  const int64_t number_count = tables->number_count;
  for (size_t w = 0; w < count; w++) {
    blocks[w] = roots[w * root_step];
    active[w] = (uint8_t)w;
  }
  while (count > 0) {
    size_t left = 0;
    for (size_t a = 0; a < count; a++) {
      const size_t w = active[a];
      const WORD *block = (const WORD *)tables->blocks + 32 * (size_t)blocks[w];
      const WORD *row = words + w * word_step;
      size_t i = 1;
#pragma unroll
      for (int level = 0; level < 4; level++) {
        const WORD limit = block[2 * i], word = block[2 * i + 1];
        WORD value = row[word];
        // A category's word holds one bit a set, 0 for members; the limit is the set's bit.
        if (categories) value &= limit | (WORD)((int64_t)(word - number_count) >> 32);
        i = 2 * i + (value < limit);
      }
      const uint32_t exit = i & 15, onward = block[0];
      leaves[w] = 16 * blocks[w] + exit;
      blocks[w] += (uint32_t)block[1] + (uint32_t)__builtin_popcount(onward & ((1u << exit) - 1));
      __builtin_prefetch((const WORD *)tables->blocks + 32 * (size_t)blocks[w]);
      active[left] = (uint8_t)w;
      left += onward >> exit & 1;
    }
    count = left;
  }
}

FUNCTION void FN(walk)(const fk_walk_tables *tables, const uint32_t *roots, size_t root_step,
                       const void *words, size_t word_step, size_t count, uint32_t *leaves) {
  if (tables->category_count > 0)
    FN(walk_on)(1, tables, roots, root_step, words, word_step, count, leaves);
  else
    FN(walk_on)(0, tables, roots, root_step, words, word_step, count, leaves);
  // All at once, so that these too wait for memory together.
  for (size_t w = 0; w < count; w++) leaves[w] = tables->exits[leaves[w]];
  for (size_t w = 0; w < count; w++)
    __builtin_prefetch((const char *)tables->values + leaves[w] * tables->value_bytes);
}

FUNCTION void FN(encode)(const fk_walk_tables *tables, const float *rows, size_t row_step,
                         size_t count, void *target, size_t word_step) {
  WORD *words = target;
  uint32_t ranks[FK_WALKERS], feature = UINT32_MAX;
  for (size_t n = 0; n < tables->number_count; n++) {
    const fk_number number = tables->numbers[n];
    const float *values = rows + number.feature;
    if (number.feature != feature)
      for (size_t r = 0; r < count; r++)
        ranks[r] = FN(rank)(tables->thresholds + number.thresholds, number.count, values[r * row_step]);
    feature = number.feature;
    for (size_t r = 0; r < count; r++)
      words[r * word_step + n] = __builtin_fabsf(values[r * row_step]) > number.zero_limit
                                     ? (WORD)ranks[r] : (WORD)number.missing;
  }
  for (size_t c = 0; c < tables->category_count; c++) {
    const fk_category category = tables->categories[c];
    for (size_t r = 0; r < count; r++) {
      const float value = rows[r * row_step + category.feature];
      uint32_t code = category.count;
      if (value > category.lowest && value < (float)category.count) code = (uint32_t)value;
      if (value != value) code = category.count + 1;
      __builtin_memcpy(words + r * word_step + category.first_word,
                       (const WORD *)tables->bits + category.first_bits + code * category.word_count,
                       category.word_count * sizeof(WORD));
    }
  }
}
