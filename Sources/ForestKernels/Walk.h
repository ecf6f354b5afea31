// Idea: four levels of a tree fill one cache line, so that a walk of twelve levels touches three lines
// instead of twelve. FK_WALKERS walks are under way at once: each goes one block further and asks for
// its next line before it has its turn again, so that they wait for memory together. WALK_GROUP of
// them take each step side by side, because a walk is a chain of loads that wait for each other, and
// the processor looks only a few hundred instructions ahead for others. Walks that have arrived leave
// the list, so that ragged trees cost what their rows visit.
//
// Layout of a block: 16 pairs of words. Pair 0: bit e of the first word says whether exit e leads to
// another block, and the second how many blocks ahead the first of those is; they lie side by side.
// Pairs 1 to 15 are the questions of a complete tree of four levels (children of i: 2i for no and
// 2i + 1 for yes), each a limit and the number of the row's word that is below it if the answer is yes.
// Where the tree has no question the limit is 0, which no word is below.
//
// Included once for each instruction set and width, with WORD and FN(name) defined.

/// Takes `group` walks of the list one block further, and puts those that go on at its `left`.
/// One row has its words side by side; of several, FK_WALKERS apart.
INLINE size_t FN(step)(int group, int categories, int together, const fk_walk_tables *tables,
                       const WORD *words, uint32_t *blocks, uint8_t *list, size_t from, size_t left,
                       uint32_t *restrict leaves) {
  const WORD *table = tables->blocks;
  const int64_t number_count = tables->number_count;
  size_t walker[WALK_GROUP], i[WALK_GROUP];
  const WORD *block[WALK_GROUP];
#pragma unroll
  for (int g = 0; g < group; g++) {
    walker[g] = list[from + g];
    block[g] = table + 32 * (size_t)blocks[walker[g]];
    i[g] = 1;
  }
#pragma unroll
  for (int level = 0; level < 4; level++) {
#pragma unroll
    for (int g = 0; g < group; g++) {
      const WORD limit = block[g][2 * i[g]], word = block[g][2 * i[g] + 1];
      WORD value = together ? words[(size_t)word * FK_WALKERS + walker[g]] : words[word];
      // A category's word holds one bit a set, 0 for members; the limit is the set's bit. The shift
      // gives all ones for a number, without a branch.
      if (categories) value &= limit | (WORD)((int64_t)(word - number_count) >> 32);
      i[g] = 2 * i[g] + (value < limit);
    }
  }
#pragma unroll
  for (int g = 0; g < group; g++) {
    const uint32_t exit = i[g] & 15, onward = block[g][0], number = blocks[walker[g]];
    const uint32_t before = (uint32_t)__builtin_popcount(onward & ((1u << exit) - 1));
    leaves[walker[g]] = 16 * number + exit;
    blocks[walker[g]] = number + (uint32_t)block[g][1] + before;
    __builtin_prefetch(table + 32 * (size_t)blocks[walker[g]]);
    list[left] = (uint8_t)walker[g];
    left += onward >> exit & 1;
  }
  return left;
}

INLINE void FN(walk)(int categories, int together, const fk_walk_tables *tables,
                     const uint32_t *roots, const WORD *words, size_t count, uint32_t *leaves) {
  uint32_t blocks[FK_WALKERS];
  uint8_t list[FK_WALKERS];
  for (size_t w = 0; w < count; w++) {
    blocks[w] = roots[together ? 0 : w];
    list[w] = (uint8_t)w;
  }
  for (size_t walking = count; walking > 0;) {
    size_t from = 0, left = 0;
    for (; from + WALK_GROUP <= walking; from += WALK_GROUP)
      left = FN(step)(WALK_GROUP, categories, together, tables, words, blocks, list, from, left, leaves);
    for (; from < walking; from++)
      left = FN(step)(1, categories, together, tables, words, blocks, list, from, left, leaves);
    walking = left;
  }
  // All at once, so that these too wait for memory together.
  for (size_t w = 0; w < count; w++) leaves[w] = tables->exits[leaves[w]];
  for (size_t w = 0; w < count; w++)
    __builtin_prefetch((const char *)tables->values + leaves[w] * tables->value_bytes);
}

FUNCTION void FN(walk_trees)(const fk_walk_tables *tables, const uint32_t *roots, const void *words,
                             size_t count, uint32_t *leaves) {
  if (tables->category_count > 0)
    FN(walk)(1, 0, tables, roots, words, count, leaves);
  else
    FN(walk)(0, 0, tables, roots, words, count, leaves);
}

FUNCTION void FN(walk_rows)(const fk_walk_tables *tables, const uint32_t *root, const void *words,
                            size_t count, uint32_t *leaves) {
  if (tables->category_count > 0)
    FN(walk)(1, 1, tables, root, words, count, leaves);
  else
    FN(walk)(0, 1, tables, root, words, count, leaves);
}

FUNCTION void FN(encode)(const fk_walk_tables *tables, const float *rows, size_t count, void *target,
                         size_t lanes) {
  WORD *words = target;
  const size_t features = tables->feature_count;
  uint32_t ranks[FK_WALKERS], feature = UINT32_MAX;
  for (size_t n = 0; n < tables->number_count; n++) {
    const fk_number number = tables->numbers[n];
    const float *values = rows + number.feature, *thresholds = tables->thresholds + number.thresholds;
    if (number.feature != feature)
      for (size_t r = 0; r < count; r++)
        ranks[r] = FN(rank)(thresholds, number.count, values[r * features]);
    feature = number.feature;
    for (size_t r = 0; r < count; r++)
      words[n * lanes + r] = __builtin_fabsf(values[r * features]) > number.zero_limit
                                 ? (WORD)ranks[r] : (WORD)number.missing;
  }
  for (size_t c = 0; c < tables->category_count; c++) {
    const fk_category category = tables->categories[c];
    const WORD *bits[FK_WALKERS];
    for (size_t r = 0; r < count; r++) {
      const float value = rows[r * features + category.feature];
      uint32_t code = category.count;
      if (value > category.lowest && value < (float)category.count) code = (uint32_t)value;
      if (value != value) code = category.count + 1;
      bits[r] = (const WORD *)tables->bits + category.first_bits + code * category.word_count;
    }
    WORD *first = words + category.first_word * lanes;
    if (lanes == 1)
      __builtin_memcpy(first, bits[0], category.word_count * sizeof(WORD));
    else
      for (size_t w = 0; w < category.word_count; w++)
        for (size_t r = 0; r < count; r++) first[w * lanes + r] = bits[r][w];
  }
}
