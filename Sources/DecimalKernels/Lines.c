#include "Lines.h"

dk_level dk_best_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  // What has these has LZCNT and POPCNT.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi")) return DK_NONE;
  const bool has_all = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi") &&
                       __builtin_cpu_supports("avx512vbmi2");
  return has_all ? DK_AVX512_VBMI2 : DK_AVX2;
#else
  return DK_NONE;
#endif
}

dk_read dk_read_lines(dk_level level, const dk_lines *lines, float *rows, size_t limit) {
#if defined(__x86_64__)
  if (level >= DK_AVX512_VBMI2) return dk_read_lines_avx512(lines, rows, limit);
  if (level >= DK_AVX2) return dk_read_lines_avx2(lines, rows, limit);
#endif
  (void)level;
  (void)lines;
  (void)rows;
  (void)limit;
  return (dk_read){0, 0};
}
