#ifndef WALK_LAYOUT_H
#define WALK_LAYOUT_H

#include "WalkForest.h"

/// A forest as the kernels read it.
typedef struct {
  fk_walk_tables tables;
  uint32_t *roots;
  fk_code code;
  size_t word_bytes;  // of the blocks
  size_t word_count;  // of a row
} walk_layout;

walk_layout new_walk_layout(const walk_forest *forest, fk_code code, size_t word_bytes,
                            bool has_lists);

#endif
