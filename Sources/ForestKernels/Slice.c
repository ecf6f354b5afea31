#include "Rank.h"

#define PASTE(a, b) a##_##b
#define NAME(a, b) PASTE(a, b)

// ---- What the compiler assumes of every processor: SSE2, NEON or plain C.
#define W 2
#define FN(name) NAME(baseline, name)
#define FUNCTION static

#if defined(__x86_64__)
INLINE uint64_t baseline_below(const float *values, float threshold) {
  uint64_t bits = 0;
  for (int i = 0; i < 16; i++) {
    __m128 below = _mm_cmplt_ps(_mm_loadu_ps(values + 4 * i), _mm_set1_ps(threshold));
    bits |= (uint64_t)_mm_movemask_ps(below) << (4 * i);
  }
  return bits;
}
#else
INLINE uint64_t baseline_below(const float *values, float threshold) {
  uint64_t bits = 0;
  for (int i = 0; i < 64; i++) bits |= (uint64_t)(values[i] < threshold) << i;
  return bits;
}
#endif
INLINE uint64_t baseline_unordered(const float *values) {
  uint64_t bits = 0;
  for (int i = 0; i < 64; i++) bits |= (uint64_t)(values[i] != values[i]) << i;
  return bits;
}
INLINE uint32_t baseline_rank(const float *thresholds, uint32_t count, float value) {
  return fk_rank(thresholds, count, value);
}
INLINE void baseline_add_leaves(int depth, const uint8_t *rows, const float *leaves, float *sums) {
  (void)depth;
  for (int i = 0; i < 64 * W; i++) sums[i] += leaves[rows[i]];
}
#include "Slice.h"
#undef W
#undef FN

#if defined(__x86_64__)

// ---- AVX2
#pragma clang attribute push(__attribute__((target("avx2,popcnt,bmi,bmi2"))), apply_to = function)
#define W 4
#define FN(name) NAME(avx2, name)
INLINE uint64_t avx2_below(const float *values, float threshold) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++) {
    __m256 below =
        _mm256_cmp_ps(_mm256_loadu_ps(values + 8 * i), _mm256_set1_ps(threshold), _CMP_LT_OQ);
    bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(below) << (8 * i);
  }
  return bits;
}
INLINE uint64_t avx2_unordered(const float *values) {
  uint64_t bits = 0;
  for (int i = 0; i < 8; i++) {
    __m256 v = _mm256_loadu_ps(values + 8 * i);
    bits |= (uint64_t)(uint32_t)_mm256_movemask_ps(_mm256_cmp_ps(v, v, _CMP_UNORD_Q)) << (8 * i);
  }
  return bits;
}
INLINE uint32_t avx2_rank(const float *thresholds, uint32_t count, float value) {
  return fk_rank(thresholds, count, value);
}
INLINE void avx2_add_leaves(int depth, const uint8_t *rows, const float *leaves, float *sums) {
  (void)depth;
  for (int i = 0; i < 64 * W; i++) sums[i] += leaves[rows[i]];
}
#include "Slice.h"
#undef W
#undef FN
#pragma clang attribute pop

// ---- AVX-512, for blocks of 256 and of 512 rows
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt,bmi,bmi2"))), apply_to = function)
INLINE uint64_t avx512_below(const float *values, float threshold) {
  uint64_t bits = 0;
  for (int i = 0; i < 4; i++) {
    __mmask16 below = _mm512_cmp_ps_mask(
        _mm512_loadu_ps(values + 16 * i), _mm512_set1_ps(threshold), _CMP_LT_OQ);
    bits |= (uint64_t)below << (16 * i);
  }
  return bits;
}
INLINE uint64_t avx512_unordered(const float *values) {
  uint64_t bits = 0;
  for (int i = 0; i < 4; i++) {
    __m512 v = _mm512_loadu_ps(values + 16 * i);
    bits |= (uint64_t)_mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q) << (16 * i);
  }
  return bits;
}
INLINE uint32_t avx512_rank(const float *thresholds, uint32_t count, float value) {
  return count <= FK_MANY ? fk_rank_avx512(thresholds, count, value)
                          : fk_rank(thresholds, count, value);
}
/// The leaves of trees of depth 6 and less fit into four registers, where a permute looks them up.
INLINE void avx512_add_leaves(int words, int depth, const uint8_t *rows, const float *leaves,
                              float *sums) {
  if (depth > 6) {
    for (int i = 0; i < 64 * words; i++) sums[i] += leaves[rows[i]];
    return;
  }
  __m512 table[4];
  for (int i = 0; i < 4; i++)
    table[i] = depth >= 4 && i < 1 << (depth - 4)
                   ? _mm512_loadu_ps(leaves + 16 * i)
                   : _mm512_setzero_ps();
  if (depth < 4) table[0] = _mm512_maskz_loadu_ps((__mmask16)((1 << (1 << depth)) - 1), leaves);
  for (int i = 0; i < 64 * words; i += 16) {
    __m512i row = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(rows + i)));
    __m512 leaf = depth <= 4 ? _mm512_permutexvar_ps(row, table[0])
                             : _mm512_permutex2var_ps(table[0], row, table[1]);
    if (depth > 5) {
      __mmask16 upper = _mm512_test_epi32_mask(row, _mm512_set1_epi32(32));
      leaf = _mm512_mask_blend_ps(upper, leaf, _mm512_permutex2var_ps(table[2], row, table[3]));
    }
    _mm512_storeu_ps(sums + i, _mm512_add_ps(_mm512_loadu_ps(sums + i), leaf));
  }
}

#define avx512x4_below avx512_below
#define avx512x4_unordered avx512_unordered
#define avx512x4_rank avx512_rank
#define avx512x4_add_leaves(...) avx512_add_leaves(4, __VA_ARGS__)
#define W 4
#define FN(name) NAME(avx512x4, name)
#include "Slice.h"
#undef W
#undef FN

#define avx512x8_below avx512_below
#define avx512x8_unordered avx512_unordered
#define avx512x8_rank avx512_rank
#define avx512x8_add_leaves(...) avx512_add_leaves(8, __VA_ARGS__)
#define W 8
#define FN(name) NAME(avx512x8, name)
#include "Slice.h"
#undef W
#undef FN
#pragma clang attribute pop
#endif

fk_level fk_best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("bmi2"))
    return __builtin_cpu_supports("avx512vbmi") ? FK_AVX512_VBMI : FK_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2")) return FK_AVX2;
#endif
  return FK_BASELINE;
}

fk_slice fk_slice_kernels(fk_level level, size_t rows) {
#if defined(__x86_64__)
  if (level >= FK_AVX512)
    return rows > 256 ? (fk_slice){8, avx512x8_ask, avx512x8_add}
                      : (fk_slice){4, avx512x4_ask, avx512x4_add};
  if (level >= FK_AVX2) return (fk_slice){4, avx2_ask, avx2_add};
#endif
  (void)level;
  (void)rows;
  return (fk_slice){2, baseline_ask, baseline_add};
}
