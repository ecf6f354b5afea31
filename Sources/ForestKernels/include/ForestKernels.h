// The vector loops of the fast engines. Swift builds the tables, chooses the kernels and checks all
// bounds once, when an engine is made; nothing here allocates, locks or fails.
#ifndef FOREST_KERNELS_H
#define FOREST_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/// What this processor can do, in ascending order. Each level includes those below it.
typedef enum : int32_t {
  FK_BASELINE = 0,     // what the compiler was told to assume: SSE2, NEON or plain C
  FK_AVX2 = 1,
  FK_AVX512 = 2,       // F, BW, DQ, VL
  FK_AVX512_VBMI = 3,  // and VBMI
} fk_level;

/// The highest level of this processor.
fk_level fk_best_level(void);

enum { FK_FEW = 12, FK_MANY = 255, FK_PADDED = 272, FK_BLOCK = 32, FK_MAX_DEPTH = 8 };

/// Calls body with that much memory on the stack, 64-byte aligned and not initialised.
void fk_with_stack(size_t bytes, void (*body)(void *context, void *memory), void *context);

/// Asks the system to back this memory with large pages, where it can.
void fk_advise_large_pages(void *memory, size_t bytes);

// ---- Slices: many rows at once, one bit a row (see Slice.h)

/// The questions that a forest asks about one feature, in ascending order of thresholds.
/// Slot k of a side answers `value < thresholds[k]` for a block of rows; slot 0 answers no to all.
///
/// More than FK_FEW and at most FK_MANY thresholds are followed by infinities, FK_PADDED in all, and
/// preceded by 16 pivots, which are every sixteenth of the padded thresholds, beginning with [15].
/// More than FK_MANY are followed by infinities, a multiple of FK_BLOCK in all, and preceded by the last
/// of each FK_BLOCK of these.
/// A side of more than FK_FEW has one slot more than thresholds, for the kernel's own use.
typedef struct {
  uint32_t feature;
  uint32_t thresholds;   // where they start in fk_questions.thresholds
  uint32_t count;        // at least 1
  int32_t missing_no;    // first slot of the side where a missing value answers no; -1 if unused
  int32_t missing_yes;   // first slot of the other side
} fk_column;

typedef struct {
  const fk_column *columns;
  size_t column_count;
  const float *thresholds;
  size_t feature_count;
} fk_questions;

/// A tree padded to a complete one: 2^depth - 1 questions by level, 2^depth leaves by path (the root's
/// answer is bit 0; yes is 1).
typedef struct {
  uint32_t depth;      // at most FK_MAX_DEPTH
  uint32_t output;
  uint32_t questions;  // where they start in fk_trees.slots
  uint32_t leaves;     // where they start in fk_trees.leaves
} fk_tree;


typedef struct {
  const fk_tree *trees;
  const uint32_t *slots;  // slot * 16, of every question of every tree
  const float *leaves;
} fk_trees;

/// Answers every question for up to 64 * words rows. `answers` holds `words` uint64 a slot.
typedef void (*fk_ask)(const fk_questions *, const float *rows, size_t row_count, uint64_t *answers);
/// Adds the leaves of trees[begin..<end] to sums, 64 * words floats an output, in slice order.
typedef void (*fk_add)(const fk_trees *, size_t begin, size_t end, const uint64_t *answers, float *sums);

typedef struct {
  size_t words;  // 64 rows each
  fk_ask ask;
  fk_add add;
} fk_slice;

/// The kernels of a level for blocks of at least this many rows where there is a choice.
fk_slice fk_slice_kernels(fk_level level, size_t rows);

/// Where row r of a block lies in the sums of an output.
static inline size_t fk_slice_position(size_t row, size_t words) {
  return (row & 7) * 8 * words + (row >> 6) * 8 + (row >> 3 & 7);
}

// ---- Permute: one row, 64 trees at once (see Permute.c)

/// A byte that a row is reduced to: the rank of a feature's value among at most FK_MANY thresholds,
/// laid out as those of fk_column, with 0 (every question answered yes) or the count (no) if it is
/// missing.
typedef struct {
  uint32_t feature;
  uint32_t thresholds;
  uint32_t count;
  int32_t missing_no;   // the byte for each side; -1 if unused
  int32_t missing_yes;
} fk_byte_column;

/// 64 trees, padded to the depth of the deepest.
typedef struct {
  uint32_t depth;      // at most FK_MAX_DEPTH
  uint32_t questions;  // where they start in fk_lanes.questions
} fk_lane_group;

typedef struct {
  const fk_byte_column *columns;
  size_t column_count;
  size_t byte_count;          // at most 256
  const float *thresholds;
  size_t feature_count;
  const fk_lane_group *groups;
  /// For each question, in post-order (the no-subtree, the yes-subtree, the question): 64 numbers of
  /// bytes, then 64 limits; the answer is `byte < limit`.
  const uint8_t *questions;
  const uint32_t *leaves;     // for each tree, where its leaves start in leaf_values
  const uint32_t *outputs;    // for each tree
  const float *leaf_values;
  uint32_t takes_turns;       // not 0: the output of tree t is t modulo the number of outputs
} fk_lanes;

/// Adds to sums[output], in the order of the trees, the leaf of each of trees[begin..<end] for one row.
/// FK_AVX512_VBMI only.
void fk_permute_add(const fk_lanes *, const float *row, size_t begin, size_t end, size_t output_count,
                    float *sums);

// ---- Walk: any row, any tree (see Walk.h)

enum { FK_WALKERS = 64, FK_SPARE_WORDS = 7 };

/// What the words of a row are.
typedef enum : int32_t {
  FK_RANKS = 0,    // one for each number, of the width of the blocks' words
  FK_ANSWERS = 1,  // bits, the answers to all questions, in uint32; bit 0 of the first is 0
} fk_code;

/// A number that questions are asked about: the rank of a value among the thresholds of its feature,
/// laid out as those of fk_column. Those of a feature follow one another. Question k, with k up to the
/// count, is whether the rank is at most k.
typedef struct {
  uint32_t feature;
  uint32_t thresholds;   // where they start
  uint32_t count;        // at least 1
  uint32_t missing;      // the rank of a missing value: 0 or count + 1
  float zero_limit;      // values of no greater magnitude are missing; negative: only NaN is
  uint32_t first_word;
  uint32_t word_count;   // for answers: of count + 1 bits
} fk_number;

/// A categorical feature (answers only): one bit for each set that is asked about, 1 for members.
typedef struct {
  uint32_t feature;
  uint32_t first_word;
  uint32_t word_count;
  uint32_t answers;      // where the words of category 0 start; those of the others follow, then those
                         // of a category in no set, then those of a missing value
  uint32_t count;        // of categories
  float lowest;          // values above this and below the count are categories
  uint32_t has_lists;    // not 0: instead of words there are where the list of each starts and the last
                         // one ends, counted from there, and then the lists, of numbers of bits
} fk_category;

typedef struct {
  const fk_number *numbers;
  const fk_category *categories;
  const float *thresholds;
  const uint32_t *answers;  // of the categories
  const void *blocks;
  const uint32_t *exits;  // of every exit of every block, the leaf
  const void *values;     // of every leaf
  uint32_t value_bytes;
  uint32_t feature_count;
  uint32_t number_count;
  uint32_t category_count;
} fk_walk_tables;

typedef struct {
  /// Writes the words of one row, side by side (1 lane), or of at most FK_WALKERS rows, each word of
  /// all rows after the other (FK_WALKERS lanes). After one row's answers, up to FK_SPARE_WORDS more
  /// words are written.
  void (*encode)(const fk_walk_tables *, const float *rows, size_t count, void *words, size_t lanes);
  /// Walks one row through at most FK_WALKERS trees and writes the leaves where it ends.
  void (*walk_trees)(const fk_walk_tables *, const uint32_t *roots, const void *words, size_t count,
                     uint32_t *leaves);
  /// Walks at most FK_WALKERS rows through one tree and writes the leaves where they end.
  void (*walk_rows)(const fk_walk_tables *, const uint32_t *root, const void *words, size_t count,
                    uint32_t *leaves);
} fk_walk;

/// The kernels of a level for blocks of words of 2 or 4 bytes.
fk_walk fk_walk_kernels(fk_level level, fk_code code, size_t word_bytes);

#endif
