// The rank of a value: how many of the thresholds are at most the value; all of them when it is NaN,
// so that `value < thresholds[k]` is `rank <= k` and a missing value answers no.

#include "include/ForestKernels.h"

#define INLINE static inline __attribute__((always_inline, unused))

/// Keeps the compiler from seeing where a value comes from.
#define OPAQUE(value) __asm__("" : "+r"(value))

/// Without a branch that depends on the value.
INLINE uint32_t fk_rank_search(const float *thresholds, uint32_t count, float value) {
  const float *low = thresholds;
  uint32_t left = count;
  while (left > 1) {
    uint32_t half = left / 2;
    low = __builtin_unpredictable(low[half - 1] <= value) ? low + half : low;
    left -= half;
  }
  uint32_t rank = (uint32_t)(low - thresholds) + (*low <= value);
  return value != value ? count : rank;
}

/// The same for more than FK_MANY: a search among the last threshold of every block, which stay in
/// the cache, and then one block.
INLINE uint32_t fk_rank_blocks(const float *thresholds, uint32_t count, float value) {
  const uint32_t blocks = (count + FK_BLOCK - 1) / FK_BLOCK;
  uint32_t block = fk_rank_search(thresholds - blocks, blocks, value);
  if (block == blocks) block -= 1;
  const float *first = thresholds + block * FK_BLOCK;
  uint32_t rank = block * FK_BLOCK;
  for (int i = 0; i < FK_BLOCK; i++) rank += first[i] <= value;
  return value != value || rank > count ? count : rank;
}

INLINE uint32_t fk_rank(const float *thresholds, uint32_t count, float value) {
  return count > FK_MANY ? fk_rank_blocks(thresholds, count, value)
                         : fk_rank_search(thresholds, count, value);
}

#if defined(__x86_64__)
#include <immintrin.h>

/// Two steps of sixteen comparisons each, for more than FK_FEW and at most FK_MANY thresholds.
/// "Not greater" is true of NaN, which therefore ranks above all.
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt"), always_inline, unused))
static inline uint32_t fk_rank_avx512(const float *thresholds, uint32_t count, float value) {
  __m512 v = _mm512_set1_ps(value);
  __mmask16 coarse = _mm512_cmp_ps_mask(_mm512_loadu_ps(thresholds - 16), v, _CMP_NGT_UQ);
  uint32_t block = 16 * (uint32_t)_mm_popcnt_u32(coarse);
  __mmask16 fine = _mm512_cmp_ps_mask(_mm512_loadu_ps(thresholds + block), v, _CMP_NGT_UQ);
  uint32_t rank = block + (uint32_t)_mm_popcnt_u32(fine);
  return rank < count ? rank : count;
}
#endif
