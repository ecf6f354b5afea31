#include "CompleteForest.h"

typedef struct {
  fk_questions questions;
  fk_trees trees;
  uint32_t slot_count;
} tables;

static tables new_tables(const forest *forest) {
  const thresholds *thresholds = forest->thresholds;
  fk_column *columns = NEW(fk_column, thresholds->feature_count);
  int32_t slots_of[MOST_FEATURES][2];
  uint32_t column_count = 0, slot_count = 1;
  for (uint32_t f = 0; f < thresholds->feature_count; f++) {
    const uint32_t count = thresholds->features[f].count;
    if (count == 0) continue;
    for (int side = 0; side < 2; side++) {
      slots_of[f][side] = forest->sides[f][side] ? (int32_t)slot_count : -1;
      if (forest->sides[f][side]) slot_count += count > FK_FEW ? count + 1 : count;
    }
    columns[column_count++] =
        (fk_column){f, thresholds->features[f].start, count, slots_of[f][0], slots_of[f][1]};
  }
  fk_tree *trees = NEW(fk_tree, forest->tree_count);
  uint32_t question_count = 0;
  for (uint32_t t = 0; t < forest->tree_count; t++) {
    const tree *tree = &forest->trees[t];
    trees[t] = (fk_tree){tree->depth, tree->output, question_count, tree->first_leaf};
    question_count += (1u << tree->depth) - 1;
  }
  uint32_t *slots = NEW(uint32_t, question_count);
  for (uint32_t t = 0; t < forest->tree_count; t++) {
    for (uint32_t place = 1; place < 1u << trees[t].depth; place++) {
      const question question = forest->trees[t].questions[place];
      const uint32_t slot =
          question.is_asked
              ? (uint32_t)slots_of[question.feature][question.missing_yes] + question.rank
              : 0;
      slots[trees[t].questions + place - 1] = slot * 16;
    }
  }
  return (tables){{columns, column_count, thresholds->table, thresholds->feature_count},
                  {trees, slots, forest->leaves},
                  slot_count};
}

static void check_answers(const forest *forest, const tables *tables, const float *rows,
                          size_t row_count, size_t words, const uint64_t *answers) {
#define ANSWER(slot) (answers[(size_t)(slot) * words + r / 64] >> (r & 63) & 1)
  for (size_t r = 0; r < row_count; r++) {
    EXPECT(ANSWER(0) == 0, "row %zu", r);
    for (size_t c = 0; c < tables->questions.column_count; c++) {
      const fk_column column = tables->questions.columns[c];
      const float *thresholds = forest->thresholds->features[column.feature].values;
      const float value = rows[r * forest->thresholds->feature_count + column.feature];
      for (int32_t k = 0; k < (int32_t)column.count; k++) {
        const bool below = value < thresholds[k];
        if (column.missing_no >= 0)
          EXPECT(ANSWER(column.missing_no + k) == below, "row %zu of %zu, %a, threshold %d of %u", r,
                 row_count, (double)value, k, column.count);
        if (column.missing_yes >= 0)
          EXPECT(ANSWER(column.missing_yes + k) == (below || isnan(value)),
                 "row %zu of %zu, %a, threshold %d of %u", r, row_count, (double)value, k,
                 column.count);
      }
    }
  }
#undef ANSWER
}

static void check(fk_slice kernels, const forest *forest, size_t row_count) {
  const tables tables = new_tables(forest);
  const float *rows = new_rows(forest->thresholds, row_count);
  uint64_t *answers = NEW(uint64_t, tables.slot_count * kernels.words);
  kernels.ask(&tables.questions, rows, row_count, answers);
  check_answers(forest, &tables, rows, row_count, kernels.words, answers);

  const size_t block = 64 * kernels.words, count = forest->output_count * block;
  float *start = NEW(float, count), *sums = NEW(float, count);
  for (size_t i = 0; i < count; i++) start[i] = random_number();
  for (int part = 0; part < 3; part++) {
    const uint32_t end = part == 0 ? forest->tree_count : random_below(forest->tree_count + 1);
    const uint32_t begin = part == 0 ? 0 : random_below(end + 1);
    memcpy(sums, start, count * sizeof *sums);
    kernels.add(&tables.trees, begin, end, answers, sums);
    for (size_t r = 0; r < row_count; r++) {
      for (uint32_t output = 0; output < forest->output_count; output++) {
        const size_t at = output * block + fk_slice_position(r, kernels.words);
        const float sum = sum_of(forest, begin, end, output, start[at],
                                 rows + r * forest->thresholds->feature_count);
        EXPECT(bits_of(sums[at]) == bits_of(sum),
               "row %zu of %zu, trees %u to %u, output %u: %a, not %a", r, row_count, begin, end,
               output, (double)sums[at], (double)sum);
      }
    }
  }
}

/// Every row of a block has a place of its own.
static void check_positions(size_t words) {
  bool *taken = NEW(bool, 64 * words);
  memset(taken, false, 64 * words);
  for (size_t row = 0; row < 64 * words; row++) {
    const size_t position = fk_slice_position(row, words);
    EXPECT(position < 64 * words && !taken[position], "row %zu of %zu words", row, words);
    taken[position] = true;
  }
}

void test_slices(fk_level level) {
  static const uint32_t few[] = {1, 0, 2, 11, FK_FEW, FK_FEW + 1},
                        many[] = {FK_FEW + 1, 16, 17, 239, 240, 254, FK_MANY, 3, 32},
                        more[] = {FK_MANY + 1, 257, FK_PADDED, 288, 289, 1000, 1024, 5};
  const size_t row_counts[] = {1,   2,   7,   8,   9,   63,  64,  65,  100, 127,
                               128, 129, 191, 192, 255, 256, 257, 300, 511, 512};
  for (int kind = 0; kind < 2; kind++) {
    const fk_slice kernels = fk_slice_kernels(level, kind == 0 ? 1 : SIZE_MAX);
    check_positions(kernels.words);
    for (size_t i = 0; i < COUNT(row_counts); i++) {
      if (row_counts[i] > 64 * kernels.words) break;
      for (uint32_t depth = 0; depth <= FK_MAX_DEPTH; depth++) {
        const uint32_t outputs = one_in(2) ? 1 : 2 + random_below(4);
        thresholds *thresholds = depth % 3 == 0   ? new_thresholds(7, few, COUNT(few))
                                 : depth % 3 == 1 ? new_thresholds(9, many, COUNT(many))
                                                  : new_thresholds(8, more, COUNT(more));
        check(kernels, new_forest(thresholds, 12, one_in(2) ? depth : 0, depth, outputs, one_in(2)),
              row_counts[i]);
        free_memory();
      }
    }
  }
}
