#include "WalkForest.h"

bool number_is_missing(number number, const float *row) {
  const float value = row[number.feature];
  return isnan(value) || (number.zero_is_missing && fabsf(value) <= 1e-35f);
}

bool number_is_below(const walk_forest *forest, number number, uint32_t threshold, const float *row) {
  if (number_is_missing(number, row)) return number.missing_yes;
  if (threshold == forest->thresholds->features[number.feature].count) return true;
  return row[number.feature] < forest->thresholds->features[number.feature].values[threshold];
}

bool is_member(const category *category, uint32_t set, const float *row) {
  const float value = row[category->feature];
  if (isnan(value)) return category->missing_yes[set];
  if (value >= (float)category->code_count) return false;
  if (category->truncates_negative ? value <= -1 : value < 0) return false;
  return category->members[set][(int)value];
}

uint32_t leaf_of(const walk_forest *forest, uint32_t tree, const float *row) {
  const node *node = forest->trees[tree].nodes;
  while (node->yes != 0) {
    const bool yes =
        node->is_member ? is_member(&forest->categories[node->asked], node->which, row)
                        : number_is_below(forest, forest->numbers[node->asked], node->which, row);
    node = &forest->trees[tree].nodes[yes ? node->yes : node->no];
  }
  return node->leaf;
}

static void ask(const walk_forest *forest, node *node) {
  node->is_member = forest->category_count > 0 && (forest->number_count == 0 || one_in(2));
  if (node->is_member) {
    node->asked = random_below(forest->category_count);
    node->which = random_below(forest->categories[node->asked].set_count);
  } else {
    node->asked = random_below(forest->number_count);
    const uint32_t count = forest->thresholds->features[forest->numbers[node->asked].feature].count;
    // The first and the last more often than others.
    node->which = one_in(8) ? 0 : one_in(8) ? count : random_below(count);
  }
}

static void grow(walk_forest *forest, walk_tree *tree, uint32_t at, uint32_t depth,
                 uint32_t raggedness) {
  node *node = &tree->nodes[at];
  if (depth == 0 || (raggedness > 0 && one_in(raggedness))) {
    node->no = node->yes = 0;
    node->leaf = forest->leaf_count++;
    return;
  }
  ask(forest, node);
  node->no = tree->node_count++;
  node->yes = tree->node_count++;
  grow(forest, tree, node->no, depth - 1, raggedness);
  grow(forest, tree, node->yes, depth - 1, raggedness);
}

static void add_numbers(walk_forest *forest, uint32_t feature) {
  const uint32_t sides = 1 + random_below(15);
  for (uint32_t side = 0; side < 4; side++)
    if (sides >> side & 1)
      forest->numbers[forest->number_count++] = (number){feature, side & 1, side >> 1 & 1};
}

static void add_category(walk_forest *forest, uint32_t feature) {
  category *category = &forest->categories[forest->category_count++];
  category->feature = feature;
  category->truncates_negative = one_in(2);
  category->code_count = 1 + random_below(one_in(2) ? 5 : MOST_CODES);
  category->set_count = 1 + random_below(MOST_SETS);
  for (uint32_t set = 0; set < category->set_count; set++) {
    category->missing_yes[set] = one_in(2);
    for (uint32_t code = 0; code < category->code_count; code++)
      category->members[set][code] = one_in(3);
  }
}

walk_forest *new_walk_forest(thresholds *thresholds, uint32_t tree_count, uint32_t depth,
                             uint32_t raggedness) {
  walk_forest *forest = NEW(walk_forest, 1);
  forest->thresholds = thresholds;
  forest->number_count = forest->category_count = 0;
  for (uint32_t f = 0; f < thresholds->feature_count; f++)
    if (thresholds->features[f].count > 0)
      add_numbers(forest, f);
    else
      add_category(forest, f);
  forest->trees = NEW(walk_tree, tree_count);
  forest->tree_count = tree_count;
  forest->leaf_count = 0;
  for (uint32_t t = 0; t < tree_count; t++) {
    forest->trees[t] = (walk_tree){NEW(node, 2u << depth), 1};
    grow(forest, &forest->trees[t], 0, depth, raggedness);
  }
  return forest;
}

float *new_walk_rows(const walk_forest *forest, size_t count) {
  float *rows = new_rows(forest->thresholds, count);
  for (uint32_t c = 0; c < forest->category_count; c++) {
    const category *category = &forest->categories[c];
    const float odd[] = {NAN, -0.0f, -0.5f, -1, -1.5f, -1e-45f, INFINITY, -INFINITY, 4294967296.0f,
                         (float)category->code_count, (float)category->code_count - 0.5f};
    for (size_t r = 0; r < count; r++)
      rows[r * forest->thresholds->feature_count + category->feature] =
          one_in(2) ? odd[random_below(COUNT(odd))]
                    : (float)random_below(category->code_count + 1);
  }
  return rows;
}
