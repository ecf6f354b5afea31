#include "Support.h"

uint64_t comparisons;

uint64_t random_bits(void) {
  static uint64_t state = 2026;
  state += 0x9e3779b97f4a7c15u;
  uint64_t bits = state;
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
  return bits ^ bits >> 31;
}

uint32_t random_below(uint32_t limit) { return (uint32_t)((random_bits() >> 32) * limit >> 32); }
bool one_in(uint32_t count) { return random_below(count) == 0; }

uint32_t bits_of(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static float of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

float random_number(void) {
  if (one_in(20)) return one_in(2) ? -0.0f : 0;
  float value = (float)random_below(1 << 24) / (1 << 20) - 8;
  return one_in(10) ? value * 1e30f : one_in(10) ? value * 1e-39f : value;
}

static struct {
  void *blocks[4096];
  size_t count;
} taken;

void *new_memory(size_t size, size_t count) {
  EXPECT(taken.count < COUNT(taken.blocks), "too many blocks");
  // What malloc returns is aligned to 16 bytes: one element on, nothing beyond the element's own.
  char *block = malloc(size * (count + 1));
  EXPECT(block, "no memory");
  memset(block, 0xa5, size * (count + 1));
  taken.blocks[taken.count++] = block;
  return block + size;
}

void free_memory(void) {
  while (taken.count > 0) free(taken.blocks[--taken.count]);
}

static float random_threshold(void) {
  switch (random_below(40)) {
    case 0: return 0;
    case 1: return -0.0f;
    case 2: return INFINITY;
    case 3: return -INFINITY;
    case 4: return of_bits(1);  // the least above zero
    case 5: return of_bits(0x80000001);
    case 6: return 3.4028235e38f;
    case 7: return 1e-35f;  // the largest zero of LightGBM
    case 8: return -1e-35f;
    default: return (float)random_below(1 << 24) / (1 << 22) - 2;
  }
}

static int ascending(const void *one, const void *other) {
  const float a = *(const float *)one, b = *(const float *)other;
  return (a > b) - (a < b);
}

static float *new_ascending(uint32_t count) {
  float *values = NEW(float, count);
  for (uint32_t have = 0; have < count;) {
    while (have < count) values[have++] = random_threshold();
    qsort(values, count, sizeof *values, ascending);
    // Each once; both zeros are one.
    have = 1;
    for (uint32_t i = 1; i < count; i++)
      if (values[i] != values[have - 1]) values[have++] = values[i];
  }
  return values;
}

/// Appends thresholds as they are laid out for the kernels; returns where they start.
static uint32_t append(float *table, uint32_t *end, const float *values, uint32_t count) {
  uint32_t padded = count, block = 1, pivots = 0;
  if (count > FK_FEW) {
    padded = count <= FK_MANY ? FK_PADDED : (count + FK_BLOCK - 1) / FK_BLOCK * FK_BLOCK;
    block = count <= FK_MANY ? 16 : FK_BLOCK;
    pivots = count <= FK_MANY ? 16 : padded / FK_BLOCK;
  }
  const uint32_t start = *end + pivots;
  for (uint32_t i = 0; i < padded; i++) table[start + i] = i < count ? values[i] : INFINITY;
  for (uint32_t i = 0; i < pivots; i++) table[*end + i] = table[start + block * i + block - 1];
  *end = start + padded;
  return start;
}

thresholds *new_thresholds(uint32_t feature_count, const uint32_t *counts, uint32_t count_count) {
  thresholds *result = NEW(thresholds, 1);
  result->feature_count = feature_count;
  uint32_t largest = 0, end = 0;
  for (uint32_t f = 0; f < feature_count; f++) {
    result->features[f].count = counts[f % count_count];
    result->features[f].values = new_ascending(result->features[f].count);
    largest += 2 * result->features[f].count + FK_PADDED + 16;
  }
  float *table = NEW(float, largest);
  for (uint32_t f = 0; f < feature_count; f++)
    result->features[f].start =
        append(table, &end, result->features[f].values, result->features[f].count);
  result->table = NEW(float, end);
  memcpy(result->table, table, end * sizeof *table);
  return result;
}

static float random_value(const float *thresholds, uint32_t count) {
  const float threshold = count > 0 ? thresholds[random_below(count)] : random_number();
  switch (random_below(16)) {
    case 0: return NAN;
    case 1: return of_bits(0xffc12345);
    case 2: return one_in(2) ? INFINITY : -INFINITY;
    case 3: return one_in(2) ? 0 : -0.0f;
    case 4: return of_bits(1 | random_below(2) << 31);
    case 5:
    case 6: return of_bits(bits_of(threshold) + 1);  // of infinity: a signaling NaN
    case 7:
    case 8: return of_bits(bits_of(threshold) - 1);
    case 9: return random_threshold();
    case 10: return random_number();
    default: return threshold;
  }
}

float *new_rows(const thresholds *thresholds, size_t count) {
  const uint32_t features = thresholds->feature_count;
  float *rows = NEW(float, count * features);
  for (size_t i = 0; i < count * features; i++)
    rows[i] = random_value(thresholds->features[i % features].values,
                           thresholds->features[i % features].count);
  return rows;
}
