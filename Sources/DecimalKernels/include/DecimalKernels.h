// The vector loops of DecimalLines. They allocate nothing, lock nothing and judge nothing.
#ifndef DECIMAL_KERNELS_H
#define DECIMAL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What this processor can do, in ascending order. Each level includes those below it.
typedef enum : int32_t {
  DK_NONE = 0,          // nothing that dk_read_lines uses
  DK_AVX2 = 1,          // and what came with it: BMI1, LZCNT, POPCNT
  DK_AVX512_VBMI2 = 2,  // F, BW, DQ, VL, CD, VBMI, VBMI2
} dk_level;

/// The highest level of this processor.
dk_level dk_best_level(void);

enum { DK_BEFORE = 15, DK_MOST_COLUMNS = 1984 };

typedef struct {
  const uint8_t *bytes;  // of which DK_BEFORE more lie before the first
  size_t count;
  const intptr_t *columns;  // for each cell of a line, where its value stands in a row
  size_t column_count;      // at least 1; of more than DK_MOST_COLUMNS it may read none
  size_t width;             // of a row
} dk_lines;

typedef struct {
  size_t rows, bytes;
} dk_read;

/// Reads whole lines from the first, until one is not plain or `limit` rows are full.
///
/// A plain line has a number, or nothing, of at most 15 bytes in each cell, and ends with a line feed alone.
/// It stops up to 16 cells earlier than it must, before a line that ends among the last 64 bytes, and before
/// one of more than 32 KiB. At level DK_NONE it reads none.
dk_read dk_read_lines(dk_level level, const dk_lines *lines, float *rows, size_t limit);

#endif
