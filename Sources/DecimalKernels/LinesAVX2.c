// The same idea as in LinesAVX512.c with two lanes in a register, and 8 cells at once. What has no vector
// instruction here is done one by one: places are found bit by bit, and the place of each point is an
// ordinary number that says where in small tables the shuffle and the power of ten are.

#include "Lines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,bmi,lzcnt,popcnt"))), apply_to = function)

/// Keeps the compiler from seeing where a value comes from.
#define OPAQUE(value) __asm__("" : "+x"(value))

enum { BATCH = 8 };

/// Adds the places of the bits of a block that begins at `at`, so many at once that there are seldom more.
INLINE void add(places *places, uint64_t bits, size_t at, size_t at_once) {
  const size_t count = (size_t)__builtin_popcountll(bits);
  uint16_t *to = places->offsets + 1 + places->count;
  size_t added = 0;
  do {
#pragma unroll
    for (size_t i = 0; i < at_once; i++) {
      *to++ = (uint16_t)(at + _tzcnt_u64(bits));
      bits = _blsr_u64(bits);
    }
    added += at_once;
  } while (added < count);
  places->count += count;
}

/// One bit for each byte of a block that is this one.
INLINE uint64_t equal(__m256i low, __m256i high, char byte) {
  const __m256i bytes = _mm256_set1_epi8(byte);
  return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, bytes)) |
         (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, bytes)) << 32;
}

INLINE void find(const uint8_t *bytes, size_t count, places *cells, places *lines) {
  for (size_t at = 0; at + BLOCK <= count && cells->count < DK_MOST_COLUMNS; at += BLOCK) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)(bytes + at));
    const __m256i high = _mm256_loadu_si256((const __m256i *)(bytes + at + BLOCK / 2));
    const uint64_t ends = equal(low, high, '\n');
    add(cells, equal(low, high, ',') | ends, at, 8);
    add(lines, ends, at, 2);
  }
}

/// 16 bytes from each of two addresses.
INLINE __m256i pair(const void *low, const void *high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                 _mm_loadu_si128((const __m128i *)high), 1);
}

/// For each of 8 cells in their order 32 bits, which are 0 if all bytes of its lane are.
INLINE __m256i of_cells(const __m256i lanes[4]) {
  return _mm256_packs_epi16(_mm256_packs_epi16(lanes[0], lanes[1]), _mm256_packs_epi16(lanes[2], lanes[3]));
}

INLINE bool read_cells(const uint8_t *bytes, const uint16_t *ends, bool may_be_empty, float *values) {
  // For each number of digits behind the point; 15 means that there is no point.
  static const double powers[16] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e0};
  // From the byte of that number: -1 for the places up to one behind the point, 0 for the others.
  static const _Alignas(32) int8_t before_point[32] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                       -1, -1, -1, -1, -1, -1, -1, -1};
  const __m256i place = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __m256i place_before = _mm256_sub_epi8(place, _mm256_set1_epi8(1));
  const __m256i which = _mm256_setr_epi64x(0, 0, 0x0808080808080808, 0x0808080808080808);

  const __m128i end = _mm_loadu_si128((const __m128i *)ends);
  const __m128i before = _mm_loadu_si128((const __m128i *)(ends - 1));
  const __m128i lengths = _mm_sub_epi16(_mm_sub_epi16(end, before), _mm_set1_epi16(1));
  __m256i firsts = _mm256_broadcastsi128_si256(_mm_sub_epi16(_mm_set1_epi16(LONGEST), lengths));
  OPAQUE(firsts);  // or each of its shuffles becomes three

  __m256i digits[4], signs[4], points[4], others = _mm256_setzero_si256();
  size_t scales[8];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    // Cells i and i + 4, so that packing puts all in order.
    const __m256i text = pair(bytes - LONGEST + ends[i], bytes - LONGEST + ends[i + 4]);
    const __m256i first = _mm256_shuffle_epi8(firsts, _mm256_add_epi8(which, _mm256_set1_epi8((char)(2 * i))));
    signs[i] = _mm256_and_si256(_mm256_cmpeq_epi8(place, first), _mm256_cmpeq_epi8(text, _mm256_set1_epi8('-')));
    const __m256i outside = _mm256_or_si256(_mm256_cmpgt_epi8(first, place), signs[i]);
    const __m256i inside = _mm256_andnot_si256(outside, _mm256_sub_epi8(text, _mm256_set1_epi8('0')));
    points[i] = _mm256_cmpeq_epi8(inside, _mm256_set1_epi8('.' - '0'));
    // The last point counts. Others stay, and are no digits.
    const uint32_t pointed = (uint32_t)_mm256_movemask_epi8(points[i]);
    scales[i] = (size_t)_lzcnt_u32((uint16_t)pointed) - 17;
    scales[i + 4] = (size_t)_lzcnt_u32(pointed >> 16) - 17;
    // Digits move one byte to the end, which was the comma's, and those before the point one more.
    const __m256i from =
        _mm256_add_epi8(place_before, pair(before_point + scales[i], before_point + scales[i + 4]));
    digits[i] = _mm256_shuffle_epi8(inside, from);
    others = _mm256_max_epu8(others, digits[i]);
    digits[i] = _mm256_madd_epi16(_mm256_maddubs_epi16(digits[i], _mm256_set1_epi16(0x010A)),
                                  _mm256_set1_epi32(0x00010064));
  }
  __m128 halves[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(digits[2 * i], digits[2 * i + 1]),
                                             _mm256_set1_epi32(0x00012710));
    const __m256i whole = _mm256_add_epi64(_mm256_mul_epu32(eights, _mm256_set1_epi64x(100000000)),
                                           _mm256_srli_epi64(eights, 32));
    // A number below 2^52 is what a double from there on has in its last 52 bits.
    const __m256d start = _mm256_set1_pd(0x1p52);
    const __m256d number = _mm256_sub_pd(_mm256_or_pd(_mm256_castsi256_pd(whole), start), start);
    const size_t *scale = scales + 2 * i;
    // Both are exact, so that the quotient is rounded once, to the nearest double.
    halves[i] = _mm256_cvtpd_ps(_mm256_div_pd(
        number, _mm256_setr_pd(powers[scale[0]], powers[scale[1]], powers[scale[4]], powers[scale[5]])));
  }
  // Cells 0 1 4 5, then 2 3 6 7.
  const __m256i magnitude = _mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_set_m128(halves[1], halves[0])),
                                                     _MM_SHUFFLE(3, 1, 2, 0));
  const __m256i zero = _mm256_setzero_si256();
  const __m256i length = _mm256_cvtepi16_epi32(lengths);
  const __m256i empty = _mm256_cmpeq_epi32(length, zero);
  const __m256i positive = _mm256_cmpeq_epi32(of_cells(signs), zero);
  const __m256i pointless = _mm256_cmpeq_epi32(of_cells(points), zero);
  const __m256i sign = _mm256_andnot_si256(positive, _mm256_set1_epi32((int)0x80000000));
  const __m256i missing = _mm256_and_si256(empty, _mm256_set1_epi32(0x7FC00000));
  _mm256_storeu_si256((__m256i *)values, _mm256_or_si256(_mm256_or_si256(magnitude, sign), missing));

  // A sign and a point alone are no number: two more than the digits, less what there is not.
  const __m256i count = _mm256_sub_epi32(_mm256_sub_epi32(length, positive), pointless);
  const __m256i may_be_nothing = _mm256_and_si256(empty, _mm256_set1_epi32(may_be_empty ? -1 : 0));
  const __m256i no_number = _mm256_andnot_si256(may_be_nothing, _mm256_cmpeq_epi32(count, _mm256_set1_epi32(2)));
  const __m256i too_long = _mm256_cmpgt_epi32(length, _mm256_set1_epi32(LONGEST));
  const __m256i no_digits = _mm256_subs_epu8(others, _mm256_set1_epi8(9));
  const __m256i wrong = _mm256_or_si256(_mm256_or_si256(no_number, too_long), no_digits);
  return _mm256_testz_si256(wrong, wrong);
}

dk_read dk_read_lines_avx2(const dk_lines *lines, float *rows, size_t limit) {
  return read_lines(lines, rows, limit, find, BATCH, read_cells);
}

#pragma clang attribute pop
#endif
