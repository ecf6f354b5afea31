#include "Support.h"

static size_t bytes;
static int calls;

static void fill(void *context, void *memory) {
  EXPECT(context == &calls, "another context");
  EXPECT((uintptr_t)memory % 64 == 0, "%p for %zu bytes", memory, bytes);
  memset(memory, 1, bytes);
  calls++;
}

void test_memory(void) {
  for (bytes = 0; bytes < 300; bytes++) fk_with_stack(bytes, fill, &calls);
  bytes = 1 << 15;
  fk_with_stack(bytes, fill, &calls);
  EXPECT(calls == 301, "%d calls", calls);

  // What the memory holds stays, whether the system takes the advice or not.
  const size_t large = 4 << 20;
  uint8_t *memory = NEW(uint8_t, large);
  memset(memory, 7, large);
  fk_advise_large_pages(memory, large);
  fk_advise_large_pages(memory + (-(uintptr_t)memory & ((1 << 21) - 1)), 1 << 21);
  for (size_t i = 0; i < large; i++) EXPECT(memory[i] == 7, "byte %zu", i);
  free_memory();
}
