// Random forests of complete trees, which slices and permutes take, and what they add: one row walks
// one tree after another.
#ifndef COMPLETE_FOREST_H
#define COMPLETE_FOREST_H

#include "Support.h"

typedef struct {
  bool is_asked;  // what is not is answered no
  uint32_t feature, rank;
  bool missing_yes;
} question;

typedef struct {
  uint32_t depth, output;
  question questions[1 << FK_MAX_DEPTH];  // by place: 1 for the root; 2n (no) and 2n + 1 (yes) below n
  uint32_t first_leaf;                    // and the others by path: the root's answer is bit 0
} tree;

typedef struct forest {
  thresholds *thresholds;
  /// By feature: whether there are questions that a missing value answers no, and yes.
  bool sides[MOST_FEATURES][2];
  tree *trees;
  float *leaves;
  uint32_t tree_count, output_count;
  bool takes_turns;
} forest;

forest *new_forest(thresholds *thresholds, uint32_t tree_count, uint32_t least_depth, uint32_t depth,
                   uint32_t output_count, bool takes_turns);
/// The sum and what trees[begin..<end] of that output add to it for one row, in their order.
float sum_of(const forest *forest, size_t begin, size_t end, uint32_t output, float sum,
             const float *row);

#endif
