#include "WalkLayout.h"

static fk_number number_of(const thresholds *thresholds, number number) {
  const uint32_t count = thresholds->features[number.feature].count;
  return (fk_number){.feature = number.feature,
                     .thresholds = thresholds->features[number.feature].start,
                     .count = count,
                     .missing = number.missing_yes ? 0 : count + 1,
                     .zero_limit = number.zero_is_missing ? 1e-35f : -1};
}

/// The answers of every code, then of one in no set and of a missing value: as bits or as lists.
static uint32_t write_category(const category *category, bool has_lists, uint32_t *at) {
  const uint32_t codes = category->code_count + 2, words = (category->set_count + 31) / 32;
  uint32_t end = has_lists ? codes + 1 : codes * words;
  memset(at, 0, end * sizeof *at);
  for (uint32_t code = 0; code < codes; code++) {
    if (has_lists) at[code] = end;
    for (uint32_t set = 0; set < category->set_count; set++) {
      const bool is_in = code < category->code_count    ? category->members[set][code]
                         : code > category->code_count && category->missing_yes[set];
      if (!is_in) continue;
      if (has_lists) at[end++] = set;
      else at[code * words + set / 32] |= 1u << (set & 31);
    }
  }
  if (has_lists) at[codes] = end;
  return end;
}

/// Where a question is among a row's words.
static void write_question(const walk_layout *layout, const node *node, uint32_t *pair) {
  const uint32_t first = node->is_member ? layout->tables.categories[node->asked].first_word
                                         : layout->tables.numbers[node->asked].first_word;
  const bool is_rank = layout->code == FK_RANKS;
  pair[0] = is_rank ? node->which + 1 : node->which & 31;
  pair[1] = is_rank ? first : first + node->which / 32;
}

/// Writes the blocks of a tree, by level; returns how many.
static uint32_t write_tree(const walk_layout *layout, const walk_tree *tree, uint32_t *blocks,
                           uint32_t *exits) {
  uint32_t *pending = NEW(uint32_t, tree->node_count), pending_count = 1, next = 0;
  for (pending[0] = 0; next < pending_count; next++) {
    uint32_t *block = blocks + 32 * next;
    memset(block, 0, 32 * sizeof *block);
    block[1] = pending_count - next;
    // By place: bit `level` is set, and the bits below it are the answers that lead there.
    const node *nodes[32] = {0};
    nodes[1] = &tree->nodes[pending[next]];
    for (uint32_t place = 1; place < 32; place++) {
      const node *node = nodes[place];
      if (!node) continue;
      uint32_t level = 0;
      while (place >> (level + 1)) level++;
      if (node->yes == 0) {
        exits[16 * next + place - (1u << level)] = node->leaf;
      } else if (place < 16) {
        write_question(layout, node, block + 2 * place);
        nodes[place + (1u << level)] = &tree->nodes[node->no];
        nodes[place + (2u << level)] = &tree->nodes[node->yes];
      } else {
        block[0] |= 1u << (place - 16);
        pending[pending_count++] = (uint32_t)(node - tree->nodes);
      }
    }
  }
  return next;
}

static fk_category *new_categories(const walk_forest *forest, bool has_lists, size_t *word_count,
                                   uint32_t **answers) {
  fk_category *categories = NEW(fk_category, forest->category_count);
  uint32_t *all = NEW(uint32_t, MOST_CATEGORIES * (MOST_CODES + 3) * (MOST_SETS + 1)), end = 0;
  for (uint32_t c = 0; c < forest->category_count; c++) {
    const category *category = &forest->categories[c];
    categories[c] = (fk_category){.feature = category->feature,
                                  .first_word = (uint32_t)*word_count,
                                  .word_count = (category->set_count + 31) / 32,
                                  .answers = end,
                                  .count = category->code_count,
                                  .lowest = category->truncates_negative ? -1 : -1e-45f,
                                  .has_lists = has_lists};
    end += write_category(category, has_lists, all + end);
    *word_count += categories[c].word_count;
  }
  *answers = NEW(uint32_t, end);
  memcpy(*answers, all, end * sizeof *all);
  return categories;
}

walk_layout new_walk_layout(const walk_forest *forest, fk_code code, size_t word_bytes,
                            bool has_lists) {
  // Bit 0 of the first word of answers is no.
  walk_layout layout = {.code = code, .word_bytes = word_bytes, .word_count = code == FK_ANSWERS};
  fk_number *numbers = NEW(fk_number, forest->number_count);
  for (uint32_t n = 0; n < forest->number_count; n++) {
    numbers[n] = number_of(forest->thresholds, forest->numbers[n]);
    numbers[n].first_word = (uint32_t)layout.word_count;
    numbers[n].word_count = code == FK_RANKS ? 1 : numbers[n].count / 32 + 1;
    layout.word_count += numbers[n].word_count;
  }
  uint32_t *answers;
  fk_category *categories = new_categories(forest, has_lists, &layout.word_count, &answers);
  enum { VALUE_BYTES = 12 };
  layout.tables = (fk_walk_tables){.numbers = numbers,
                                   .categories = categories,
                                   .thresholds = forest->thresholds->table,
                                   .answers = answers,
                                   .values = NEW(float, forest->leaf_count * 3),
                                   .value_bytes = VALUE_BYTES,
                                   .feature_count = forest->thresholds->feature_count,
                                   .number_count = forest->number_count,
                                   .category_count = forest->category_count};

  uint32_t most = 0, count = 0;
  for (uint32_t t = 0; t < forest->tree_count; t++) most += forest->trees[t].node_count;
  uint32_t *blocks = NEW(uint32_t, 32 * most), *exits = NEW(uint32_t, 16 * most);
  layout.roots = NEW(uint32_t, forest->tree_count);
  for (uint32_t t = 0; t < forest->tree_count; t++) {
    layout.roots[t] = count;
    count += write_tree(&layout, &forest->trees[t], blocks + 32 * count, exits + 16 * count);
  }
  layout.tables.exits = exits;
  layout.tables.blocks = blocks;
  if (word_bytes == 2) {
    uint16_t *narrow = NEW(uint16_t, 32 * count);
    for (uint32_t i = 0; i < 32 * count; i++) {
      EXPECT(blocks[i] <= UINT16_MAX, "the forest is too large for words of 16 bits");
      narrow[i] = (uint16_t)blocks[i];
    }
    layout.tables.blocks = narrow;
  }
  return layout;
}
