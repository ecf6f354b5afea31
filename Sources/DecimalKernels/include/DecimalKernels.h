// The vector loop of DecimalLines. It allocates nothing, locks nothing and judges nothing.
#ifndef DECIMAL_KERNELS_H
#define DECIMAL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has what dk_read_lines uses: AVX-512 with VBMI and VBMI2.
bool dk_is_supported(void);

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
/// one of more than 32 KiB.
dk_read dk_read_lines(const dk_lines *lines, float *rows, size_t limit);

#endif
