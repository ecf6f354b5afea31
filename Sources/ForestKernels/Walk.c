#include "Rank.h"

#define PASTE(a, b, c) a##_##b##c
#define NAME(a, b, c) PASTE(a, b, c)
#define FUNCTION static

enum { WALK_GROUP = 8 };

// Two widths of words: 16 bits, so that a block is one cache line, and 32 for forests that need them.
#define WORD uint16_t
#define FN(name) NAME(SET, name, 16)

// ---- What the compiler assumes of every processor.
#define baseline_rank16 fk_rank
#define baseline_rank32 fk_rank
#define SET baseline
#include "Walk.h"
#undef WORD
#undef FN
#define WORD uint32_t
#define FN(name) NAME(SET, name, 32)
#include "Walk.h"
#undef WORD
#undef FN
#undef SET

#if defined(__x86_64__)

// ---- AVX2, of which the walk needs the bit instructions.
#pragma clang attribute push(__attribute__((target("avx2,popcnt,bmi,bmi2"))), apply_to = function)
#define avx2_rank16 fk_rank
#define avx2_rank32 fk_rank
#define SET avx2
#define WORD uint16_t
#define FN(name) NAME(SET, name, 16)
#include "Walk.h"
#undef WORD
#undef FN
#define WORD uint32_t
#define FN(name) NAME(SET, name, 32)
#include "Walk.h"
#undef WORD
#undef FN
#undef SET
#pragma clang attribute pop

// ---- AVX-512, which ranks faster. Words of 32 bits are for more thresholds than it ranks.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,popcnt,bmi,bmi2"))), apply_to = function)
INLINE uint32_t avx512_rank16(const float *thresholds, uint32_t count, float value) {
  return count > FK_FEW && count <= FK_MANY ? fk_rank_avx512(thresholds, count, value)
                                            : fk_rank(thresholds, count, value);
}
#define SET avx512
#define WORD uint16_t
#define FN(name) NAME(SET, name, 16)
#include "Walk.h"
#undef WORD
#undef FN
#undef SET
#pragma clang attribute pop
#endif

#define KERNELS(set, width)                                                                         \
  (code == FK_RANKS                                                                                  \
       ? (fk_walk){set##_encode_ranks##width, set##_walk_trees_ranks##width, set##_walk_rows_ranks##width} \
       : (fk_walk){set##_encode_answers##width, set##_walk_trees_answers##width,                     \
                   set##_walk_rows_answers##width})

fk_walk fk_walk_kernels(fk_level level, fk_code code, size_t word_bytes) {
#if defined(__x86_64__)
  if (level >= FK_AVX512 && word_bytes == 2) return KERNELS(avx512, 16);
  if (level >= FK_AVX2) return word_bytes == 2 ? KERNELS(avx2, 16) : KERNELS(avx2, 32);
#endif
  (void)level;
  return word_bytes == 2 ? KERNELS(baseline, 16) : KERNELS(baseline, 32);
}
