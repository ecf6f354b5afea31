#include "include/ForestKernels.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

void fk_with_stack(size_t bytes, void (*body)(void *context, void *memory), void *context) {
  char memory[bytes + 64];
  // A variable array is aligned by hand.
  body(context, (void *)(((uintptr_t)memory + 63) & ~(uintptr_t)63));
}

void fk_advise_large_pages(void *memory, size_t bytes) {
#if defined(__linux__)
  // A refusal changes nothing but speed.
  (void)madvise(memory, bytes, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}
