#include "CompleteForest.h"

static void ask(const forest *forest, question *question) {
  question->feature = random_below(forest->thresholds->feature_count);
  const uint32_t count = forest->thresholds->features[question->feature].count;
  const bool *sides = forest->sides[question->feature];
  question->is_asked = count > 0 && !one_in(10);
  // The first and the last more often than others.
  question->rank = count == 0 || one_in(8) ? 0 : one_in(8) ? count - 1 : random_below(count);
  question->missing_yes = sides[0] && sides[1] ? one_in(2) : sides[1];
}

forest *new_forest(thresholds *thresholds, uint32_t tree_count, uint32_t least_depth, uint32_t depth,
                   uint32_t output_count, bool takes_turns) {
  forest *forest = NEW(struct forest, 1);
  forest->thresholds = thresholds;
  const bool has_both = one_in(3);
  for (uint32_t f = 0; f < thresholds->feature_count; f++) {
    const uint32_t sides = has_both ? 3 : 1 + random_below(3);
    for (uint32_t side = 0; side < 2; side++) forest->sides[f][side] = sides >> side & 1;
  }
  forest->trees = NEW(tree, tree_count);
  forest->tree_count = tree_count;
  forest->output_count = output_count;
  forest->takes_turns = takes_turns;
  uint32_t leaf_count = 0;
  for (uint32_t t = 0; t < tree_count; t++) {
    tree *tree = &forest->trees[t];
    tree->depth = least_depth + random_below(depth - least_depth + 1);
    tree->output = takes_turns ? t % output_count : random_below(output_count);
    tree->first_leaf = leaf_count;
    for (uint32_t place = 1; place < 1u << tree->depth; place++) ask(forest, &tree->questions[place]);
    leaf_count += 1u << tree->depth;
  }
  forest->leaves = NEW(float, leaf_count);
  for (uint32_t i = 0; i < leaf_count; i++) forest->leaves[i] = random_number();
  return forest;
}

static bool answer(const forest *forest, question question, const float *row) {
  if (!question.is_asked) return false;
  const float value = row[question.feature];
  if (isnan(value)) return question.missing_yes;
  return value < forest->thresholds->features[question.feature].values[question.rank];
}

float sum_of(const forest *forest, size_t begin, size_t end, uint32_t output, float sum,
             const float *row) {
  for (size_t t = begin; t < end; t++) {
    const tree *tree = &forest->trees[t];
    if (tree->output != output) continue;
    uint32_t place = 1, path = 0;
    for (uint32_t level = 0; level < tree->depth; level++) {
      const bool yes = answer(forest, tree->questions[place], row);
      place = 2 * place + yes;
      path |= (uint32_t)yes << level;
    }
    sum += forest->leaves[tree->first_leaf + path];
  }
  return sum;
}
