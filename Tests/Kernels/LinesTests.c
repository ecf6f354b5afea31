#include "DecimalKernels.h"
#include "Support.h"

enum { MOST_BYTES = 1 << 18 };

static char text[MOST_BYTES];
static size_t length;

static void write_digits(uint32_t count) {
  for (uint32_t i = 0; i < count; i++) text[length++] = (char)('0' + random_below(10));
}

/// Writes a cell: mostly a number of up to 15 bytes, sometimes nothing, and where it may be anything, also
/// what is no plain number.
static void write_cell(bool may_be_anything) {
  if (may_be_anything) {
    static const char *others[] = {"-", ".", "-.", "1e5", "1.2.3", "..1", "--1", "1-", " 1", "+1", "nan",
                                   "\"1\"", "1\r", ":", "/", "\xFF", "1234567890123456", "-1234567890.12345"};
    length += (size_t)sprintf(text + length, "%s", others[random_below(COUNT(others))]);
    return;
  }
  if (one_in(8)) return;
  const bool is_negative = one_in(2);
  if (is_negative) text[length++] = '-';
  const uint32_t most = is_negative ? 14 : 15;
  if (one_in(8)) {
    // Halfway between two floats: any other quotient than the nearest double may be rounded otherwise.
    const uint32_t power = random_below(5), spare = random_below(3);
    const double halfway = (double)(0x1000001 + 2 * random_below(1 << 23)) / (1 << power);
    length += (size_t)sprintf(text + length, "%.*f", (int)(power + spare), halfway);
    return;
  }
  if (one_in(4)) return write_digits(1 + random_below(most));
  const uint32_t digits = 1 + random_below(most - 1), behind = random_below(digits + 1);
  write_digits(digits - behind);
  text[length++] = '.';
  write_digits(behind);
}

/// Whether the text up to an end is what the kernel reads, and its value.
static bool read_cell(const char *begin, const char *end, bool may_be_empty, float *value) {
  *value = NAN;
  if (begin == end) return may_be_empty;
  if (end - begin > 15) return false;
  uint32_t digits = 0, points = 0;
  for (const char *at = begin + (*begin == '-'); at < end; at++) {
    if (*at == '.')
      points++;
    else if (*at >= '0' && *at <= '9')
      digits++;
    else
      return false;
  }
  if (digits == 0 || points > 1) return false;
  char copy[16] = {0};
  memcpy(copy, begin, (size_t)(end - begin));
  *value = (float)strtod(copy, NULL);
  return true;
}

/// Reads a table of lines like those that a plain loop reads.
static void check(dk_level level, size_t columns, size_t line_count, bool has_others) {
  length = 0;
  const size_t bad = has_others ? random_below((uint32_t)line_count) : line_count;
  const uint32_t kind = random_below(3), bad_cell = random_below((uint32_t)columns);
  size_t *ends = NEW(size_t, line_count);
  for (size_t line = 0; line < line_count; line++) {
    const bool is_bad = line == bad;
    size_t count = columns;
    if (is_bad && kind == 1) count += 1;
    if (is_bad && kind == 2) count -= 1;
    for (size_t c = 0; c < count; c++) {
      if (c > 0) text[length++] = ',';
      write_cell(is_bad && kind == 0 && c == bad_cell);
    }
    text[length++] = '\n';
    ends[line] = length;
  }
  // No byte more than the contract says.
  uint8_t *bytes = NEW(uint8_t, DK_BEFORE + length);
  memcpy(bytes + DK_BEFORE, text, length);
  const size_t width = columns + random_below(3), limit = random_below((uint32_t)line_count + 20);
  intptr_t *places = NEW(intptr_t, columns);
  for (size_t c = 0; c < columns; c++)
    places[c] = (intptr_t)(width == columns && one_in(2) ? columns - 1 - c : c + (width - columns));
  float *rows = NEW(float, limit * width), *wanted = NEW(float, limit * width);
  memcpy(wanted, rows, limit * width * sizeof *rows);

  const dk_lines lines = {bytes + DK_BEFORE, length, places, columns, width};
  const dk_read read = dk_read_lines(level, &lines, rows, limit);

  EXPECT(read.rows <= limit && read.rows <= line_count, "%zu rows", read.rows);
  EXPECT(read.bytes == (read.rows == 0 ? 0 : ends[read.rows - 1]), "%zu bytes", read.bytes);
  const char *at = text;
  size_t row = 0, cell = 0;
  bool is_plain = true;
  for (; row < line_count && row < limit && is_plain; row++) {
    const char *end = memchr(at, '\n', (size_t)(text + length - at));
    for (size_t c = 0; c < columns && is_plain; c++, cell++) {
      const char *comma = memchr(at, ',', (size_t)(end - at));
      const char *stop = comma ? comma : end;
      float value;
      is_plain = (comma == NULL) == (c == columns - 1) && read_cell(at, stop, columns > 1, &value);
      if (row < read.rows) {
        EXPECT(is_plain, "line %zu", row);
        wanted[row * width + (size_t)places[c]] = value;
      }
      at = stop + 1;
    }
    if (!is_plain) break;
  }
  // It may stop before the last batch of 16 cells, and 64 bytes before the end.
  if (columns <= DK_MOST_COLUMNS && read.rows < row) {
    const bool is_near = ends[read.rows] + 64 > length;
    EXPECT(is_near || (read.rows + 1) * columns + 16 > cell - 1, "%zu of %zu lines", read.rows, row);
  }
  for (size_t i = 0; i < limit * width; i++)
    EXPECT(bits_of(rows[i]) == bits_of(wanted[i]), "value %zu of a table of %zu columns: %a, not %a", i,
           columns, (double)rows[i], (double)wanted[i]);
  free_memory();
}

void test_lines(void) {
  const dk_level best = dk_best_level();
#if defined(__x86_64__)
  EXPECT(best >= DK_NONE && best <= DK_AVX512_VBMI2, "%d", (int)best);
#else
  EXPECT(best == DK_NONE, "%d", (int)best);
#endif
  if (best == DK_NONE) printf("lines: not on this processor\n");
  for (int level = DK_AVX2; level <= (int)best; level++) {
    const uint64_t before = comparisons;
    for (size_t columns = 1; columns <= 40; columns++)
      for (int i = 0; i < 60; i++)
        check((dk_level)level, columns, 1 + random_below((uint32_t)(5000 / columns)), i % 2 == 1);
    for (int i = 0; i < 4; i++) check((dk_level)level, DK_MOST_COLUMNS - 2 + (size_t)i, 5, false);
    printf("lines, level %d: %llu comparisons\n", level, (unsigned long long)(comparisons - before));
  }
}
