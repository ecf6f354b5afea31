#include "WalkLayout.h"

/// Words for so many rows: side by side if it is one lane.
static void *new_words(const walk_layout *layout, size_t lanes) {
  if (layout->code == FK_ANSWERS)
    return NEW(uint32_t, layout->word_count * lanes + (lanes == 1 ? FK_SPARE_WORDS : 0));
  return layout->word_bytes == 2 ? (void *)NEW(uint16_t, layout->word_count * lanes)
                                 : (void *)NEW(uint32_t, layout->word_count * lanes);
}

static uint32_t word_at(const walk_layout *layout, const void *words, size_t index) {
  return layout->code == FK_RANKS && layout->word_bytes == 2 ? ((const uint16_t *)words)[index]
                                                             : ((const uint32_t *)words)[index];
}

static uint32_t rank_of(const walk_forest *forest, number number, const float *row) {
  const uint32_t count = forest->thresholds->features[number.feature].count;
  if (number_is_missing(number, row)) return number.missing_yes ? 0 : count + 1;
  uint32_t rank = 0;
  for (uint32_t k = 0; k < count; k++)
    rank += forest->thresholds->features[number.feature].values[k] <= row[number.feature];
  return rank;
}

static void check_ranks(const walk_forest *forest, const walk_layout *layout, const float *row,
                        const void *words, size_t lanes, size_t lane) {
  for (uint32_t n = 0; n < forest->number_count; n++) {
    const uint32_t found = word_at(layout, words, n * lanes + lane);
    const uint32_t rank = rank_of(forest, forest->numbers[n], row);
    EXPECT(found == rank, "number %u, %a: %u, not %u", n, (double)row[forest->numbers[n].feature], found,
           rank);
  }
}

static void check_answers(const walk_forest *forest, const walk_layout *layout, const float *row,
                          const uint32_t *words, size_t lanes, size_t lane) {
#define ANSWER(first, k) (words[((first) + (k) / 32) * lanes + lane] >> ((k) & 31) & 1)
  EXPECT(ANSWER(0, 0) == 0, "lane %zu", lane);
  for (uint32_t n = 0; n < forest->number_count; n++) {
    const fk_number number = layout->tables.numbers[n];
    for (uint32_t k = 0; k <= number.count; k++)
      EXPECT(ANSWER(number.first_word, k) == number_is_below(forest, forest->numbers[n], k, row),
             "number %u, %a, threshold %u of %u", n, (double)row[number.feature], k, number.count);
  }
  for (uint32_t c = 0; c < forest->category_count; c++) {
    const category *category = &forest->categories[c];
    for (uint32_t set = 0; set < category->set_count; set++)
      EXPECT(ANSWER(layout->tables.categories[c].first_word, set) == is_member(category, set, row),
             "category %u, %a, set %u", c, (double)row[category->feature], set);
  }
#undef ANSWER
}

static void check_words(const walk_forest *forest, const walk_layout *layout, const float *row,
                        const void *words, size_t lanes, size_t lane) {
  if (layout->code == FK_RANKS) check_ranks(forest, layout, row, words, lanes, lane);
  else check_answers(forest, layout, row, words, lanes, lane);
}

/// One row through many trees.
static void check_trees(fk_walk kernels, const walk_forest *forest, const walk_layout *layout,
                        const float *row) {
  void *words = new_words(layout, 1);
  kernels.encode(&layout->tables, row, 1, words, 1);
  check_words(forest, layout, row, words, 1, 0);
  for (uint32_t first = 0, count; first < forest->tree_count; first += count) {
    count = one_in(4) ? FK_WALKERS : 1 + random_below(FK_WALKERS);
    if (count > forest->tree_count - first) count = forest->tree_count - first;
    uint32_t *leaves = NEW(uint32_t, count);
    kernels.walk_trees(&layout->tables, layout->roots + first, words, count, leaves);
    for (uint32_t t = 0; t < count; t++) {
      const uint32_t leaf = leaf_of(forest, first + t, row);
      EXPECT(leaves[t] == leaf, "tree %u of %u: %u, not %u", t, count, leaves[t], leaf);
    }
  }
}

/// Many rows through one tree after another.
static void check_rows(fk_walk kernels, const walk_forest *forest, const walk_layout *layout,
                       const float *rows, uint32_t count) {
  const size_t features = forest->thresholds->feature_count;
  void *words = new_words(layout, FK_WALKERS);
  kernels.encode(&layout->tables, rows, count, words, FK_WALKERS);
  for (uint32_t r = 0; r < count; r++)
    check_words(forest, layout, rows + r * features, words, FK_WALKERS, r);
  uint32_t *leaves = NEW(uint32_t, count);
  for (uint32_t t = 0; t < forest->tree_count; t++) {
    kernels.walk_rows(&layout->tables, layout->roots + t, words, count, leaves);
    for (uint32_t r = 0; r < count; r++) {
      const uint32_t leaf = leaf_of(forest, t, rows + r * features);
      EXPECT(leaves[r] == leaf, "tree %u, row %u of %u: %u, not %u", t, r, count, leaves[r], leaf);
    }
  }
}

static void check(fk_level level, const walk_forest *forest, fk_code code, size_t word_bytes) {
  const walk_layout layout = new_walk_layout(forest, code, word_bytes, one_in(2));
  const fk_walk kernels = fk_walk_kernels(level, code, word_bytes);
  const size_t features = forest->thresholds->feature_count;
  const float *rows = new_walk_rows(forest, FK_WALKERS);
  for (uint32_t r = 0; r < 5; r++) check_trees(kernels, forest, &layout, rows + r * features);
  const uint32_t counts[] = {1, 2, 7, 8, 9, 1 + random_below(FK_WALKERS), FK_WALKERS - 1, FK_WALKERS};
  for (size_t i = 0; i < COUNT(counts); i++) {
    // Exactly so many.
    float *some = NEW(float, counts[i] * features);
    memcpy(some, rows, counts[i] * features * sizeof *some);
    check_rows(kernels, forest, &layout, some, counts[i]);
  }
}

void test_walks(fk_level level) {
  static const uint32_t few[] = {1, 2, 5, 11, FK_FEW, FK_FEW + 1, 31, 32, 33},
                        many[] = {FK_FEW + 1, 16, 240, 254, FK_MANY, FK_MANY + 1, 257, 289, 1000},
                        with_categories[] = {0, 3, FK_FEW, 0, 40, FK_MANY, 300, 0},
                        categories[] = {0}, past_16_bits[] = {66000, 3};
  for (int code = FK_RANKS; code <= FK_ANSWERS; code++) {
    for (size_t word_bytes = 2; word_bytes <= 4; word_bytes += 2) {
#define CHECK(features, counts, trees, depth, raggedness)                                           \
  do {                                                                                               \
    thresholds *thresholds = new_thresholds(features, counts, COUNT(counts));                        \
    check(level, new_walk_forest(thresholds, trees, depth, raggedness), (fk_code)code, word_bytes);  \
    free_memory();                                                                                   \
  } while (0)
      for (uint32_t depth = 0; depth <= 13; depth++) {
        CHECK(9, few, 70, depth, depth < 9 ? 8 : 4);
        CHECK(9, many, 20, depth, 6);
        if (code == FK_ANSWERS) CHECK(8, with_categories, 30, depth, 6);
        if (code == FK_ANSWERS) CHECK(4, categories, 9, depth, 6);
      }
      CHECK(5, few, 130, 4, 0);
      CHECK(5, many, 2, 16, 0);
      if (word_bytes == 4) CHECK(2, past_16_bits, 3, 6, 0);
#undef CHECK
    }
  }
}
