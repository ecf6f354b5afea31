// Idea: the row, as ranks of one byte a feature, lies in registers. A permute fetches for 64 trees at
// once the byte that each tree's node asks for, a comparison answers 64 questions, and a masked add
// selects the side that was answered, from the deepest questions upwards. What is left in the lanes
// is the leaf number of each tree. No gather, no branch, no pointer.
//
// Limits: 256 bytes a row, 255 thresholds a feature, depth 8; AVX-512 VBMI.

#include "Rank.h"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,popcnt"))), apply_to = function)

typedef struct {
  __m512i bytes[4];
} permute_row;

/// Answers one question of 64 trees. `registers`: 1, 2 or 4, how many the row takes.
INLINE __mmask64 permute_ask(int registers, permute_row row, const uint8_t *question) {
  __m512i number = _mm512_loadu_si512(question);
  __m512i byte;
  if (registers == 1) {
    byte = _mm512_permutexvar_epi8(number, row.bytes[0]);
  } else {
    byte = _mm512_permutex2var_epi8(row.bytes[0], number, row.bytes[1]);
    if (registers == 4)
      byte = _mm512_mask_blend_epi8(_mm512_movepi8_mask(number), byte,
                                    _mm512_permutex2var_epi8(row.bytes[2], number, row.bytes[3]));
  }
  return _mm512_cmplt_epu8_mask(byte, _mm512_loadu_si512(question + 64));
}

/// The leaf numbers below a node of `levels` levels, of which `level` is the number of the first.
INLINE __m512i permute_1(int registers, permute_row row, int level, const uint8_t *questions) {
  __mmask64 yes = permute_ask(registers, row, questions);
  return _mm512_maskz_mov_epi8(yes, _mm512_set1_epi8((char)(1 << level)));
}
#define PERMUTE(levels, fewer)                                                                       \
  INLINE __m512i permute_##levels(int registers, permute_row row, int level,                         \
                                  const uint8_t *questions) {                                        \
    const size_t below = 128 * ((1 << (fewer)) - 1);                                                 \
    __m512i no = permute_##fewer(registers, row, level + 1, questions);                              \
    __m512i yes = permute_##fewer(registers, row, level + 1, questions + below);                     \
    __mmask64 answer = permute_ask(registers, row, questions + 2 * below);                           \
    return _mm512_mask_add_epi8(no, answer, yes, _mm512_set1_epi8((char)(1 << level)));              \
  }
PERMUTE(2, 1)
PERMUTE(3, 2)
PERMUTE(4, 3)
PERMUTE(5, 4)
PERMUTE(6, 5)
PERMUTE(7, 6)
PERMUTE(8, 7)
#undef PERMUTE

INLINE void permute_rank(const fk_lanes *lanes, const float *row, uint8_t *bytes) {
  for (size_t c = 0; c < lanes->column_count; c++) {
    const fk_byte_column column = lanes->columns[c];
    const float *thresholds = lanes->thresholds + column.thresholds;
    float value = row[column.feature];
    uint32_t rank = column.count <= FK_FEW ? fk_rank_search(thresholds, column.count, value)
                                           : fk_rank_avx512(thresholds, column.count, value);
    if (column.missing_no >= 0) bytes[column.missing_no] = (uint8_t)rank;
    if (column.missing_yes >= 0) bytes[column.missing_yes] = value != value ? 0 : (uint8_t)rank;
  }
}

INLINE void permute_add(int registers, const fk_lanes *lanes, const uint8_t *bytes, size_t begin,
                        size_t end, size_t output_count, float *sums) {
  permute_row row;
  for (int i = 0; i < registers; i++) row.bytes[i] = _mm512_loadu_si512(bytes + 64 * i);
  float sum = sums[0];
  for (size_t first = begin & ~(size_t)63; first < end; first += 64) {
    fk_lane_group group = lanes->groups[first / 64];
    const uint8_t *questions = lanes->questions + group.questions;
    __m512i leaf = _mm512_setzero_si512();
    switch (group.depth) {
#define CASE(depth) case depth: leaf = permute_##depth(registers, row, 0, questions); break;
      CASE(1)
      CASE(2)
      CASE(3)
      CASE(4)
      CASE(5)
      CASE(6)
      CASE(7)
      CASE(8)
#undef CASE
    }
    uint8_t numbers[64];
    _mm512_storeu_si512(numbers, leaf);
    size_t from = first < begin ? begin : first, to = first + 64 < end ? first + 64 : end;
    if (output_count == 1) {
      for (size_t t = from; t < to; t++) sum += lanes->leaf_values[lanes->leaves[t] + numbers[t & 63]];
    } else if (lanes->takes_turns) {
      // Each sum in a register: through memory, every addition would wait for the last to arrive there.
      for (size_t output = 0; output < output_count; output++) {
        float partial = sums[output];
        for (size_t t = from + (output + output_count - from % output_count) % output_count; t < to;
             t += output_count)
          partial += lanes->leaf_values[lanes->leaves[t] + numbers[t & 63]];
        sums[output] = partial;
      }
    } else {
      for (size_t t = from; t < to; t++)
        sums[lanes->outputs[t]] += lanes->leaf_values[lanes->leaves[t] + numbers[t & 63]];
    }
  }
  if (output_count == 1) sums[0] = sum;
}

void fk_permute_add(const fk_lanes *lanes, const float *row, size_t begin, size_t end,
                    size_t output_count, float *sums) {
  uint8_t bytes[256];
  permute_rank(lanes, row, bytes);
  if (lanes->byte_count <= 64)
    permute_add(1, lanes, bytes, begin, end, output_count, sums);
  else if (lanes->byte_count <= 128)
    permute_add(2, lanes, bytes, begin, end, output_count, sums);
  else
    permute_add(4, lanes, bytes, begin, end, output_count, sums);
}
#pragma clang attribute pop
#else
void fk_permute_add(const fk_lanes *lanes, const float *row, size_t begin, size_t end,
                    size_t output_count, float *sums) {
  (void)lanes, (void)row, (void)begin, (void)end, (void)output_count, (void)sums;
  __builtin_trap();
}
#endif
