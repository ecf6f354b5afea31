// Random forests of any trees, with categories, zeros that are missing and questions whether a value is
// there; and the leaf where one row ends in one tree, question by question.
#ifndef WALK_FOREST_H
#define WALK_FOREST_H

#include "Support.h"

enum { MOST_NUMBERS = 4 * MOST_FEATURES, MOST_CATEGORIES = 4, MOST_CODES = 100, MOST_SETS = 70 };

/// A feature, and what it means that its value is missing.
typedef struct {
  uint32_t feature;
  bool missing_yes, zero_is_missing;
} number;

typedef struct {
  uint32_t feature, code_count, set_count;
  bool truncates_negative;
  bool members[MOST_SETS][MOST_CODES];
  bool missing_yes[MOST_SETS];
} category;

typedef struct {
  uint32_t no, yes;  // children; both 0 for a leaf
  uint32_t leaf;
  bool is_member;  // of a set of a category; or else below a threshold of a number
  uint32_t asked;  // the category or the number
  uint32_t which;  // the set, or the threshold, or the count of thresholds: is the value there?
} node;

typedef struct {
  node *nodes;  // the first is the root
  uint32_t node_count;
} walk_tree;

typedef struct {
  thresholds *thresholds;
  number numbers[MOST_NUMBERS];
  category categories[MOST_CATEGORIES];
  uint32_t number_count, category_count;
  walk_tree *trees;
  uint32_t tree_count, leaf_count;
} walk_forest;

/// Features that have no thresholds are categories. A node above the depth is a leaf once in
/// `raggedness` times, or never if that is 0.
walk_forest *new_walk_forest(thresholds *thresholds, uint32_t tree_count, uint32_t depth,
                             uint32_t raggedness);
float *new_walk_rows(const walk_forest *forest, size_t count);

bool number_is_missing(number number, const float *row);
bool number_is_below(const walk_forest *forest, number number, uint32_t threshold, const float *row);
bool is_member(const category *category, uint32_t set, const float *row);
uint32_t leaf_of(const walk_forest *forest, uint32_t tree, const float *row);

#endif
