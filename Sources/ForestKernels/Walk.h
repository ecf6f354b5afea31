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
// 2i + 1 for yes), each a limit and the number of one of the row's words. Where words are ranks the
// answer is yes if the word is below the limit, and where they are answers it is the word's bit of that
// number. Where the tree has no question both are 0: no word is below 0, and the first answer is no.
//
// Included once for each instruction set and width, with WORD and FN(name) defined.

/// Takes `group` walks of the list one block further, and puts those that go on at its `left`.
/// One row has its words side by side; of several, FK_WALKERS apart.
INLINE size_t FN(step)(int group, fk_code code, int together, const fk_walk_tables *tables,
                       const void *words, uint32_t *blocks, uint8_t *list, size_t from, size_t left,
                       uint32_t *restrict leaves) {
  const WORD *table = tables->blocks, *ranks = words;
  const uint32_t *answers = words;
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
      const size_t place = together ? (size_t)word * FK_WALKERS + walker[g] : word;
      i[g] = 2 * i[g] + (code == FK_RANKS ? ranks[place] < limit : answers[place] >> (limit & 31) & 1);
    }
  }
#pragma unroll
  for (int g = 0; g < group; g++) {
    const uint32_t exit = i[g] & 15, onward = block[g][0], number = blocks[walker[g]];
    const uint32_t before = (uint32_t)__builtin_popcount(onward & ((1u << exit) - 1));
    const uint32_t leaf = 16 * number + exit, next = number + (uint32_t)block[g][1] + before;
    const uint32_t goes_on = onward >> exit & 1;
    leaves[walker[g]] = leaf;
    blocks[walker[g]] = next;
    // Without a branch: the next block, or what the leaf is.
    const uintptr_t line = (uintptr_t)(table + 32 * (size_t)next), end = (uintptr_t)(tables->exits + leaf);
    __builtin_prefetch((const void *)(end ^ ((end ^ line) & -(uintptr_t)goes_on)));
    list[left] = (uint8_t)walker[g];
    left += goes_on;
  }
  return left;
}

INLINE void FN(walk)(fk_code code, int together, const fk_walk_tables *tables,
                     const uint32_t *roots, const void *words, size_t count, uint32_t *leaves) {
  uint32_t blocks[FK_WALKERS];
  uint8_t list[FK_WALKERS];
  for (size_t w = 0; w < count; w++) {
    blocks[w] = roots[together ? 0 : w];
    list[w] = (uint8_t)w;
  }
  for (size_t walking = count; walking > 0;) {
    size_t from = 0, left = 0;
    for (; from + WALK_GROUP <= walking; from += WALK_GROUP)
      left = FN(step)(WALK_GROUP, code, together, tables, words, blocks, list, from, left, leaves);
    for (; from < walking; from++)
      left = FN(step)(1, code, together, tables, words, blocks, list, from, left, leaves);
    walking = left;
  }
  // All at once, so that these too wait for memory together.
  for (size_t w = 0; w < count; w++) leaves[w] = tables->exits[leaves[w]];
  for (size_t w = 0; w < count; w++)
    __builtin_prefetch((const char *)tables->values + leaves[w] * tables->value_bytes);
}

FUNCTION void FN(walk_trees_ranks)(const fk_walk_tables *tables, const uint32_t *roots,
                                   const void *words, size_t count, uint32_t *leaves) {
  FN(walk)(FK_RANKS, 0, tables, roots, words, count, leaves);
}

FUNCTION void FN(walk_rows_ranks)(const fk_walk_tables *tables, const uint32_t *root,
                                  const void *words, size_t count, uint32_t *leaves) {
  FN(walk)(FK_RANKS, 1, tables, root, words, count, leaves);
}

FUNCTION void FN(walk_trees_answers)(const fk_walk_tables *tables, const uint32_t *roots,
                                     const void *words, size_t count, uint32_t *leaves) {
  FN(walk)(FK_ANSWERS, 0, tables, roots, words, count, leaves);
}

FUNCTION void FN(walk_rows_answers)(const fk_walk_tables *tables, const uint32_t *root,
                                    const void *words, size_t count, uint32_t *leaves) {
  FN(walk)(FK_ANSWERS, 1, tables, root, words, count, leaves);
}

/// Writes for each row `number.missing` or the rank that the feature's value has among the thresholds.
INLINE void FN(ranks)(const fk_walk_tables *tables, fk_number number, const float *rows, size_t count,
                      int is_new, uint32_t *ranks, uint32_t *results) {
  const size_t features = tables->feature_count;
  const float *values = rows + number.feature, *thresholds = tables->thresholds + number.thresholds;
  if (is_new)
    for (size_t r = 0; r < count; r++)
      ranks[r] = FN(rank)(thresholds, number.count, values[r * features]);
  for (size_t r = 0; r < count; r++)
    results[r] = __builtin_fabsf(values[r * features]) > number.zero_limit ? ranks[r] : number.missing;
}

INLINE void FN(write_ranks)(const fk_walk_tables *tables, const float *rows, size_t count,
                            WORD *words, size_t lanes) {
  uint32_t ranks[FK_WALKERS], results[FK_WALKERS], feature = UINT32_MAX;
  for (size_t n = 0; n < tables->number_count; n++) {
    const fk_number number = tables->numbers[n];
    FN(ranks)(tables, number, rows, count, number.feature != feature, ranks, results);
    feature = number.feature;
    for (size_t r = 0; r < count; r++) words[n * lanes + r] = (WORD)results[r];
  }
}

FUNCTION void FN(encode_ranks)(const fk_walk_tables *tables, const float *rows, size_t count,
                               void *words, size_t lanes) {
  if (lanes == 1)
    FN(write_ranks)(tables, rows, 1, words, 1);
  else
    FN(write_ranks)(tables, rows, count, words, lanes);
}

/// The answers to the questions number 32 * word and up, of which those from the rank on are yes.
INLINE uint32_t FN(answers)(uint32_t rank, uint32_t word) {
  const uint32_t no = rank > 32 * word ? rank - 32 * word : 0;
  return no < 32 ? UINT32_MAX << no : 0;
}

INLINE void FN(write_answers)(const fk_walk_tables *tables, const float *rows, size_t count,
                              uint32_t *words, size_t lanes) {
  uint32_t ranks[FK_WALKERS], results[FK_WALKERS], feature = UINT32_MAX;
  for (size_t r = 0; r < count; r++) words[r] = 0;
  for (size_t n = 0; n < tables->number_count; n++) {
    const fk_number number = tables->numbers[n];
    FN(ranks)(tables, number, rows, count, number.feature != feature, ranks, results);
    feature = number.feature;
    uint32_t *first = words + number.first_word * lanes;
    if (lanes == 1)
      for (uint32_t w = 0; w < number.word_count; w++) first[w] = FN(answers)(results[0], w);
    else
      for (uint32_t w = 0; w < number.word_count; w++)
        for (size_t r = 0; r < count; r++) first[w * lanes + r] = FN(answers)(results[r], w);
  }
  for (size_t c = 0; c < tables->category_count; c++) {
    const fk_category category = tables->categories[c];
    const uint32_t *answers[FK_WALKERS];
    for (size_t r = 0; r < count; r++) {
      const float value = rows[r * tables->feature_count + category.feature];
      uint32_t code = category.count;
      if (value > category.lowest && value < (float)category.count) code = (uint32_t)value;
      if (value != value) code = category.count + 1;
      answers[r] = tables->answers + category.answers + (size_t)code * category.word_count;
    }
    uint32_t *first = words + category.first_word * lanes;
    if (lanes == 1)
      __builtin_memcpy(first, answers[0], category.word_count * sizeof(uint32_t));
    else
      for (size_t w = 0; w < category.word_count; w++)
        for (size_t r = 0; r < count; r++) first[w * lanes + r] = answers[r][w];
  }
}

FUNCTION void FN(encode_answers)(const fk_walk_tables *tables, const float *rows, size_t count,
                                 void *words, size_t lanes) {
  if (lanes == 1)
    FN(write_answers)(tables, rows, 1, words, 1);
  else
    FN(write_answers)(tables, rows, count, words, lanes);
}
