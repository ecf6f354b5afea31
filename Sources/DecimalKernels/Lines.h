// What the kernels share: places in the text, and the loop over lines around two steps of theirs.
#ifndef LINES_H
#define LINES_H

#include "include/DecimalKernels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))

enum { CHUNK = 1 << 15, BLOCK = 64, MOST_BATCH = 16, LONGEST = DK_BEFORE, MOST_CELLS = DK_MOST_COLUMNS + BLOCK };

/// Places in a chunk, in ascending order, behind the place before the first. What is stored at once may
/// reach beyond the last.
typedef struct {
  size_t count;
  uint16_t offsets[1 + MOST_CELLS + BLOCK];
} places;

/// Finds the ends of cells and of lines, DK_MOST_COLUMNS or some more cells, in whole blocks. There are none yet.
typedef void (*find_step)(const uint8_t *bytes, size_t count, places *cells, places *lines);

/// Reads a batch of cells that end at these places, each of which begins one byte behind the place before.
/// Says whether all are plain. One of length -1 is.
typedef bool (*read_step)(const uint8_t *bytes, const uint16_t *ends, bool may_be_empty, float *values);

INLINE dk_read read_lines(const dk_lines *lines, float *rows, size_t limit, find_step find, size_t batch,
                          read_step read_cells) {
  places cells, ends;
  float values[MOST_CELLS + MOST_BATCH];
  const size_t columns = lines->column_count;
  // An empty line is not a row of one missing value.
  const bool may_be_empty = columns > 1;
  bool is_in_order = columns == lines->width;
  for (size_t c = 0; c < columns && is_in_order; c++) is_in_order = lines->columns[c] == (intptr_t)c;

  dk_read done = {0, 0};
  while (done.rows < limit) {
    const uint8_t *bytes = lines->bytes + done.bytes;
    const size_t left = lines->count - done.bytes;
    cells.count = ends.count = 0;
    // What was before the first cell ended one byte before it.
    cells.offsets[0] = (uint16_t)-1;
    find(bytes, left < CHUNK ? left : CHUNK, &cells, &ends);
    const uint16_t *last = cells.offsets;
    size_t most = cells.count / columns;
    if (most > limit - done.rows) most = limit - done.rows;
    if (most > ends.count) most = ends.count;
    // Lines of as many cells as there are columns: so many cells end where the line does.
    size_t count = 0;
    while (count < most && last[(count + 1) * columns] == ends.offsets[1 + count]) count++;
    const size_t cell_count = count * columns;
    const size_t found = count;
    // What fills up the last batch has a length of -1.
    for (size_t i = 1; i < batch; i++) cells.offsets[cell_count + i] = last[cell_count];
    for (size_t c = 0; c < cell_count; c += batch) {
      if (!read_cells(bytes, cells.offsets + 1 + c, may_be_empty, values + c)) {
        count = c / columns;
        break;
      }
    }
    float *to = rows + done.rows * lines->width;
    if (is_in_order) {
      memcpy(to, values, count * columns * sizeof *values);
    } else {
      const float *from = values;
      for (size_t row = 0; row < count; row++, to += lines->width)
        for (size_t c = 0; c < columns; c++) to[lines->columns[c]] = *from++;
    }
    if (count > 0) done.bytes += (size_t)last[count * columns] + 1;
    done.rows += count;
    if (count < found || count == 0) break;
  }
  return done;
}

#if defined(__x86_64__)
dk_read dk_read_lines_avx2(const dk_lines *lines, float *rows, size_t limit);
dk_read dk_read_lines_avx512(const dk_lines *lines, float *rows, size_t limit);
#endif

#endif
