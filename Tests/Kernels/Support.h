// What the tests of the kernels share: seeded random numbers, memory that is as large as the contract
// says and no larger, and thresholds with the values that lie on and around them.
#ifndef SUPPORT_H
#define SUPPORT_H

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ForestKernels.h"

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

extern uint64_t comparisons;

/// Ends the test with a message unless the condition holds.
#define EXPECT(condition, ...)                                                                      \
  do {                                                                                               \
    comparisons++;                                                                                   \
    if (!(condition)) {                                                                              \
      fprintf(stderr, "%s:%d: not so: %s (", __FILE__, __LINE__, #condition);                        \
      fprintf(stderr, __VA_ARGS__);                                                                  \
      fprintf(stderr, ")\n");                                                                        \
      exit(1);                                                                                       \
    }                                                                                                \
  } while (0)

void test_memory(void);
void test_lines(void);
void test_slices(fk_level level);
void test_permutes(fk_level level);
void test_walks(fk_level level);

/// SplitMix64.
uint64_t random_bits(void);
/// 0 up to but not including the limit.
uint32_t random_below(uint32_t limit);
bool one_in(uint32_t count);
/// Of a leaf or a sum: any magnitude and sign, no infinity.
float random_number(void);

/// Memory of exactly so many elements, aligned like one of them and no better, and full of rubbish.
#define NEW(type, count) ((type *)new_memory(sizeof(type), count))
void *new_memory(size_t size, size_t count);
/// Frees all that was given.
void free_memory(void);

uint32_t bits_of(float value);

enum { MOST_FEATURES = 128 };

/// What a forest compares the features with.
typedef struct {
  uint32_t feature_count;
  struct {
    uint32_t count;
    float *values;   // ascending, each once
    uint32_t start;  // in the table
  } features[MOST_FEATURES];
  float *table;  // laid out for the kernels, see fk_column
} thresholds;

/// Features with these numbers of thresholds, over and over.
thresholds *new_thresholds(uint32_t feature_count, const uint32_t *counts, uint32_t count_count);
/// Rows that miss values, hit thresholds and their neighbours, and have every odd number.
float *new_rows(const thresholds *thresholds, size_t count);

#endif
