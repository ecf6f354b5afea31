// Every kernel at every level of this processor, against plain loops.
#include "Support.h"

int main(void) {
  test_memory();
  test_lines();
  const fk_level best = fk_best_level();
#if defined(__x86_64__)
  EXPECT(best >= FK_BASELINE && best <= FK_AVX512_VBMI, "%d", (int)best);
#else
  EXPECT(best == FK_BASELINE, "%d", (int)best);
#endif
  for (int level = FK_BASELINE; level <= (int)best; level++) {
    const uint64_t before = comparisons;
    test_slices((fk_level)level);
    test_permutes((fk_level)level);
    test_walks((fk_level)level);
    printf("level %d: %llu comparisons\n", level, (unsigned long long)(comparisons - before));
  }
}
