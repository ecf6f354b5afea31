#include "include/ForestKernels.h"

void fk_with_stack(size_t bytes, void (*body)(void *context, void *memory), void *context) {
  char memory[bytes + 64];
  // A variable array is aligned by hand.
  body(context, (void *)(((uintptr_t)memory + 63) & ~(uintptr_t)63));
}
