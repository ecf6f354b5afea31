// Idea: four levels of a tree fill one cache line, so that a walk of twelve levels touches three lines
// instead of twelve. FK_WALKERS walks are under way at once: each goes one block further and asks for
// its next line before it has its turn again, so that they wait for memory together. WALK_GROUP of
// them take each step side by side, because a walk is a chain of loads that wait for each other, and
// the processor looks only a few hundred instructions ahead for others. Walks that have arrived leave
// the list, so that ragged trees cost what their rows visit.
//
// Layout of a block: 16 pairs of words. Pair 0: bit e of the first word says whether exit e leads to
// another block, and the second how many blocks ahead the first of those is; they lie side by side.
// Pairs 1 to 15 are the questions of a complete tree of four levels, each a limit and the number of one
// of the row's words. After the answers a, b, c, d (0 for no, 1 for yes) the questions are pairs 1,
// 2 + a, 4 + a + 2b, 8 + a + 2b + 4c, and the exit is a + 2b + 4c + 8d: an answer is one addition to
// one number, the walk's position. Where words are ranks the answer is yes if the word is below the
// limit, and where they are answers it is the word's bit of that number. Where the tree has no question
// both are 0: no word is below 0, and the first answer is no.
//
// Included once for each instruction set and width, with WORD and FN(name) defined.

/// Takes `group` walks of the list one block further, and puts those that go on at its `left`.
/// A position is 16 times the block, and then the exit. One row has its words side by side; of several,
/// FK_WALKERS apart.
INLINE size_t FN(step)(int group, fk_code code, int together, const fk_walk_tables *tables,
                       const void *words, uint32_t *restrict positions, uint8_t *restrict list,
                       size_t from, size_t left, uint32_t *restrict leaves) {
  const WORD *table = tables->blocks, *ranks = words;
  const uint32_t *answers = words;
  size_t walker[WALK_GROUP], at[WALK_GROUP];
#pragma unroll
  for (int g = 0; g < group; g++) {
    walker[g] = list[from + g];
    at[g] = positions[from + g];
  }
#pragma unroll
  for (int level = 0; level < 4; level++) {
#pragma unroll
    for (int g = 0; g < group; g++) {
      const WORD *question = table + 2 * at[g] + (2 << level);
      const WORD limit = question[0], word = question[1];
      const size_t place = together ? (size_t)word * FK_WALKERS + walker[g] : word;
      const size_t yes =
          code == FK_RANKS ? ranks[place] < limit : answers[place] >> (limit & 31) & 1;
      at[g] += yes << level;
      // Side by side, not in a vector: gathers take twice as long.
      OPAQUE(at[g]);
    }
  }
#pragma unroll
  for (int g = 0; g < group; g++) {
    const size_t end = at[g], first = end & ~(size_t)15;
    const uint32_t exit = end & 15, onward = table[2 * first];
    const uint32_t before = (uint32_t)__builtin_popcount(onward & ((1u << exit) - 1));
    const size_t next = first + 16 * (size_t)(table[2 * first + 1] + before);
    const uint32_t goes_on = onward >> exit & 1;
    leaves[walker[g]] = (uint32_t)end;
    // The next block, or what the leaf is; both known, so that a choice takes no branch.
    const void *line = table + 2 * next, *leaf = tables->exits + end;
    OPAQUE(line);
    OPAQUE(leaf);
    __builtin_prefetch(__builtin_unpredictable(goes_on) ? line : leaf);
    list[left] = (uint8_t)walker[g];
    positions[left] = (uint32_t)next;
    left += goes_on;
  }
  return left;
}

INLINE void FN(walk)(fk_code code, int together, const fk_walk_tables *tables,
                     const uint32_t *roots, const void *words, size_t count, uint32_t *leaves) {
  uint32_t positions[FK_WALKERS];
  uint8_t list[FK_WALKERS];
  for (size_t w = 0; w < count; w++) {
    positions[w] = 16 * roots[together ? 0 : w];
    list[w] = (uint8_t)w;
  }
  for (size_t walking = count; walking > 0;) {
    size_t from = 0, left = 0;
    for (; from + WALK_GROUP <= walking; from += WALK_GROUP)
      left = FN(step)(WALK_GROUP, code, together, tables, words, positions, list, from, left, leaves);
    for (; from < walking; from++)
      left = FN(step)(1, code, together, tables, words, positions, list, from, left, leaves);
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

/// Writes the answers of a category, of which the sets are listed that it is in.
INLINE void FN(write_list)(const uint32_t *lists, uint32_t code, uint32_t word_count, uint32_t *words,
                           size_t lanes) {
  for (uint32_t w = 0; w < word_count; w++) words[w * lanes] = 0;
  for (uint32_t i = lists[code]; i < lists[code + 1]; i++)
    words[lists[i] / 32 * lanes] |= 1u << (lists[i] & 31);
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
      // Eight at once; what they are too many is written over by what follows.
      for (uint32_t w = 0; w < number.word_count; w += 8)
        for (uint32_t i = w; i < w + 8; i++) first[i] = FN(answers)(results[0], i);
    else
      for (uint32_t w = 0; w < number.word_count; w++)
        for (size_t r = 0; r < count; r++) first[w * lanes + r] = FN(answers)(results[r], w);
  }
  for (size_t c = 0; c < tables->category_count; c++) {
    const fk_category category = tables->categories[c];
    const uint32_t *table = tables->answers + category.answers;
    uint32_t codes[FK_WALKERS];
    for (size_t r = 0; r < count; r++) {
      const float value = rows[r * tables->feature_count + category.feature];
      codes[r] = category.count;
      if (value > category.lowest && value < (float)category.count) codes[r] = (uint32_t)value;
      if (value != value) codes[r] = category.count + 1;
    }
    uint32_t *first = words + category.first_word * lanes;
    if (category.has_lists)
      for (size_t r = 0; r < count; r++)
        FN(write_list)(table, codes[r], category.word_count, first + r, lanes);
    else if (lanes == 1)
      __builtin_memcpy(first, table + (size_t)codes[0] * category.word_count,
                       category.word_count * sizeof(uint32_t));
    else
      for (size_t w = 0; w < category.word_count; w++)
        for (size_t r = 0; r < count; r++)
          first[w * lanes + r] = table[(size_t)codes[r] * category.word_count + w];
  }
}

FUNCTION void FN(encode_answers)(const fk_walk_tables *tables, const float *rows, size_t count,
                                 void *words, size_t lanes) {
  if (lanes == 1)
    FN(write_answers)(tables, rows, 1, words, 1);
  else
    FN(write_answers)(tables, rows, count, words, lanes);
}
