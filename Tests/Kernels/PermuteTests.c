#include "CompleteForest.h"

/// Writes into a lane the questions of a tree at and below a place, those below first; returns where
/// they end.
static uint8_t *write_lane(const fk_byte_column *columns, const tree *tree, uint32_t place,
                           uint32_t depth, uint32_t lane, uint8_t *at) {
  if (place >= 1u << depth) return at;
  at = write_lane(columns, tree, 2 * place, depth, lane, at);
  at = write_lane(columns, tree, 2 * place + 1, depth, lane, at);
  if (place < 1u << tree->depth && tree->questions[place].is_asked) {
    const question question = tree->questions[place];
    const fk_byte_column column = columns[question.feature];
    at[lane] = (uint8_t)(question.missing_yes ? column.missing_yes : column.missing_no);
    at[64 + lane] = (uint8_t)(question.rank + 1);
  }
  return at + 128;
}

static fk_lanes new_lanes(const forest *forest) {
  const thresholds *thresholds = forest->thresholds;
  fk_byte_column *columns = NEW(fk_byte_column, thresholds->feature_count);
  int32_t byte_count = 0;
  for (uint32_t f = 0; f < thresholds->feature_count; f++) {
    const uint32_t count = thresholds->features[f].count;
    columns[f] = (fk_byte_column){f, thresholds->features[f].start, count, -1, -1};
    if (forest->sides[f][0]) columns[f].missing_no = byte_count++;
    if (forest->sides[f][1]) columns[f].missing_yes = byte_count++;
  }
  const uint32_t group_count = (forest->tree_count + 63) / 64;
  fk_lane_group *groups = NEW(fk_lane_group, group_count);
  uint32_t question_bytes = 0;
  for (uint32_t g = 0; g < group_count; g++) {
    groups[g] = (fk_lane_group){0, question_bytes};
    for (uint32_t t = 64 * g; t < 64 * (g + 1) && t < forest->tree_count; t++)
      if (forest->trees[t].depth > groups[g].depth) groups[g].depth = forest->trees[t].depth;
    question_bytes += 128 * ((1u << groups[g].depth) - 1);
  }
  // Limit 0, which no byte is below, where a tree has no question.
  uint8_t *questions = NEW(uint8_t, question_bytes);
  memset(questions, 0, question_bytes);
  uint32_t *leaves = NEW(uint32_t, forest->tree_count), *outputs = NEW(uint32_t, forest->tree_count);
  for (uint32_t t = 0; t < forest->tree_count; t++) {
    const fk_lane_group group = groups[t / 64];
    write_lane(columns, &forest->trees[t], 1, group.depth, t & 63, questions + group.questions);
    leaves[t] = forest->trees[t].first_leaf;
    outputs[t] = forest->trees[t].output;
  }
  return (fk_lanes){columns, thresholds->feature_count, (size_t)byte_count, thresholds->table,
                    thresholds->feature_count, groups, questions, leaves, outputs, forest->leaves,
                    forest->takes_turns};
}

static void check(const forest *forest) {
  enum { ROWS = 20 };
  const fk_lanes lanes = new_lanes(forest);
  const float *rows = new_rows(forest->thresholds, ROWS);
  float *start = NEW(float, forest->output_count), *sums = NEW(float, forest->output_count);
  for (size_t r = 0; r < ROWS; r++) {
    const float *row = rows + r * forest->thresholds->feature_count;
    const uint32_t end = one_in(2) ? forest->tree_count : random_below(forest->tree_count + 1);
    const uint32_t begin = one_in(2) ? 0 : random_below(end + 1);
    for (uint32_t output = 0; output < forest->output_count; output++)
      sums[output] = start[output] = random_number();
    fk_permute_add(&lanes, row, begin, end, forest->output_count, sums);
    for (uint32_t output = 0; output < forest->output_count; output++) {
      const float sum = sum_of(forest, begin, end, output, start[output], row);
      EXPECT(bits_of(sums[output]) == bits_of(sum), "%zu bytes, trees %u to %u, output %u: %a, not %a",
             lanes.byte_count, begin, end, output, (double)sums[output], (double)sum);
    }
  }
}

void test_permutes(fk_level level) {
  if (level < FK_AVX512_VBMI) return;
  static const uint32_t counts[] = {1, 2, FK_FEW, FK_FEW + 1, 16, 17, 240, 254, FK_MANY};
  // So many features take at most 64, 128 and 256 bytes.
  static const uint32_t feature_counts[] = {1, 9, 32, 64, MOST_FEATURES};
  for (size_t i = 0; i < COUNT(feature_counts); i++) {
    for (uint32_t depth = 0; depth <= FK_MAX_DEPTH; depth++) {
      for (uint32_t outputs = 1; outputs <= 5; outputs += 2) {
        for (int takes_turns = 0; takes_turns < 2; takes_turns++) {
          thresholds *thresholds = new_thresholds(feature_counts[i], counts, COUNT(counts));
          const uint32_t trees = one_in(3) ? 64 : 1 + random_below(150);
          check(new_forest(thresholds, trees, one_in(2) ? depth : 0, depth, outputs, takes_turns));
          free_memory();
        }
      }
    }
  }
}
