// Idea: the 16 bytes up to the end of a cell are one of four lanes of a register. A comparison finds the
// point, a shuffle cuts it out, and three multiplications that add neighbours make two numbers of the 16
// digits in each lane (as in W. Mula, "Parsing series of integers with SIMD", 2018). Where cells begin and
// end, how many digits stand behind the point, and whether all is well, is computed for 16 cells at once.
// No branch depends on the text of a plain line.

#include "Lines.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vbmi,avx512vbmi2,popcnt"))), apply_to = function)

enum { BATCH = 16 };

/// The numbers from 0 to 63.
INLINE __m512i numbers(void) {
  const __m512i eights = _mm512_set_epi64(56, 48, 40, 32, 24, 16, 8, 0);
  return _mm512_add_epi8(_mm512_shuffle_epi8(eights, _mm512_set4_epi32(0x08080808, 0x08080808, 0, 0)),
                         _mm512_set1_epi64(0x0706050403020100));
}

/// Adds the places of the bits of a block that begins at `at`.
INLINE void add(places *places, __mmask64 bits, size_t at) {
  const __m512i found = _mm512_maskz_compress_epi8(bits, numbers());
  const __m512i start = _mm512_set1_epi16((short)at);
  uint16_t *to = places->offsets + 1 + places->count;
  _mm512_storeu_si512(to, _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_castsi512_si256(found)), start));
  const size_t count = (size_t)__builtin_popcountll(bits);
  if (count > BLOCK / 2)
    _mm512_storeu_si512(to + BLOCK / 2,
                        _mm512_add_epi16(_mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(found, 1)), start));
  places->count += count;
}

INLINE void find(const uint8_t *bytes, size_t count, places *cells, places *lines) {
  for (size_t at = 0; at + BLOCK <= count && cells->count < DK_MOST_COLUMNS; at += BLOCK) {
    const __m512i block = _mm512_loadu_si512(bytes + at);
    const __mmask64 ends = _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8('\n'));
    add(cells, _mm512_cmpeq_epi8_mask(block, _mm512_set1_epi8(',')) | ends, at);
    add(lines, ends, at);
  }
}

/// The 16 bytes up to each of four places.
INLINE __m512i lanes(const uint8_t *bytes, const uint16_t *places) {
  const uint8_t *start = bytes - LONGEST;
  __m512i lanes = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(start + places[0])));
  lanes = _mm512_inserti32x4(lanes, _mm_loadu_si128((const __m128i *)(start + places[1])), 1);
  lanes = _mm512_inserti32x4(lanes, _mm_loadu_si128((const __m128i *)(start + places[2])), 2);
  return _mm512_inserti32x4(lanes, _mm_loadu_si128((const __m128i *)(start + places[3])), 3);
}

/// The lowest byte of each of four numbers, in all bytes of a lane. `quarter` says which four.
INLINE __m512i spread(__m512i values, int quarter) {
  const __m512i lane = _mm512_set_epi64(0x0C0C0C0C0C0C0C0C, 0x0C0C0C0C0C0C0C0C, 0x0808080808080808,
                                        0x0808080808080808, 0x0404040404040404, 0x0404040404040404, 0, 0);
  return _mm512_permutexvar_epi8(_mm512_add_epi8(lane, _mm512_set1_epi8((char)(16 * quarter))), values);
}

/// One number for each lane: 16 bits of a mask.
INLINE __m256i of_lanes(const __mmask64 masks[4]) {
  return _mm256_set_epi64x((long long)masks[3], (long long)masks[2], (long long)masks[1], (long long)masks[0]);
}

INLINE bool read_cells(const uint8_t *bytes, const uint16_t *ends, bool may_be_empty, float *values) {
  const __m512i end = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)ends));
  const __m256i before = _mm256_loadu_si256((const __m256i *)(ends - 1));
  const __m512i begin = _mm512_cvtepu16_epi32(_mm256_add_epi16(before, _mm256_set1_epi16(1)));
  const __m512i length = _mm512_sub_epi32(end, begin);
  const __m512i first = _mm512_sub_epi32(_mm512_set1_epi32(LONGEST), length);
  const __m512i place = _mm512_and_si512(numbers(), _mm512_set1_epi8(15));
  const __m512i one = _mm512_set1_epi8(1);

  __m512i digits[4];
  __mmask64 points[4], signs[4];
#pragma unroll
  for (int i = 0; i < 4; i++) {
    const __m512i text = lanes(bytes, ends + 4 * i), from = spread(first, i);
    const __mmask64 inside = _mm512_mask_cmpge_epu8_mask(0x7FFF7FFF7FFF7FFF, place, from);
    const __mmask64 begins = _mm512_cmpeq_epi8_mask(place, from);
    signs[i] = _mm512_mask_cmpeq_epi8_mask(begins, text, _mm512_set1_epi8('-'));
    points[i] = _mm512_mask_cmpeq_epi8_mask(inside, text, _mm512_set1_epi8('.'));
    digits[i] = _mm512_maskz_sub_epi8(inside & ~signs[i], text, _mm512_set1_epi8('0'));
  }
  // The place of the last point, or -1. Others stay, and are no digits.
  const __m512i pointed = _mm512_cvtepu16_epi32(of_lanes(points));
  const __m512i zeros = _mm512_lzcnt_epi32(pointed);
  const __m512i point = _mm512_sub_epi32(_mm512_set1_epi32(31), zeros);
  // 15 where there is none: the table has a 1 for that.
  const __m512i scale = _mm512_sub_epi32(zeros, _mm512_set1_epi32(17));
  __mmask64 others = 0;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    // Digits move one byte to the end, which was the comma's, and those before the point one more.
    __m512i from = _mm512_sub_epi8(place, one);
    from = _mm512_mask_sub_epi8(from, _mm512_cmple_epi8_mask(from, spread(point, i)), from, one);
    digits[i] = _mm512_shuffle_epi8(digits[i], from);
    others |= _mm512_cmpgt_epu8_mask(digits[i], _mm512_set1_epi8(9));
    digits[i] = _mm512_madd_epi16(_mm512_maddubs_epi16(digits[i], _mm512_set1_epi16(0x010A)),
                                  _mm512_set1_epi32(0x00010064));
  }
  // Packing puts cells in the order 0 4 1 5 2 6 3 7 and 8 12 9 13 10 14 11 15.
  const __m512i packing = _mm512_set_epi32(15, 11, 14, 10, 13, 9, 12, 8, 7, 3, 6, 2, 5, 1, 4, 0);
  const __m512i unpacking = _mm512_set_epi32(15, 13, 11, 9, 14, 12, 10, 8, 7, 5, 3, 1, 6, 4, 2, 0);
  const __m512d low = _mm512_set_pd(1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1e0);
  const __m512d high = _mm512_set_pd(1e0, 1e14, 1e13, 1e12, 1e11, 1e10, 1e9, 1e8);
  const __m512i scales = _mm512_permutexvar_epi32(packing, scale);
  __m256 halves[2];
#pragma unroll
  for (int i = 0; i < 2; i++) {
    const __m512i eights = _mm512_madd_epi16(_mm512_packus_epi32(digits[2 * i], digits[2 * i + 1]),
                                             _mm512_set1_epi32(0x00012710));
    const __m512i whole = _mm512_add_epi64(_mm512_mul_epu32(eights, _mm512_set1_epi64(100000000)),
                                           _mm512_srli_epi64(eights, 32));
    const __m512i which = _mm512_cvtepu32_epi64(
        i == 0 ? _mm512_castsi512_si256(scales) : _mm512_extracti64x4_epi64(scales, 1));
    // Both are exact, so that the quotient is rounded once, to the nearest double.
    halves[i] = _mm512_cvtpd_ps(
        _mm512_div_pd(_mm512_cvtepi64_pd(whole), _mm512_permutex2var_pd(low, which, high)));
  }
  const __m512 magnitude = _mm512_permutexvar_ps(
      unpacking, _mm512_insertf32x8(_mm512_castps256_ps512(halves[0]), halves[1], 1));
  const __mmask16 negative = _mm256_test_epi16_mask(of_lanes(signs), of_lanes(signs));
  const __mmask16 empty = _mm512_testn_epi32_mask(length, length);
  const __m512 value = _mm512_castsi512_ps(
      _mm512_mask_xor_epi32(_mm512_castps_si512(magnitude), negative, _mm512_castps_si512(magnitude),
                            _mm512_set1_epi32((int)0x80000000)));
  _mm512_storeu_ps(values, _mm512_mask_mov_ps(value, empty, _mm512_castsi512_ps(_mm512_set1_epi32(0x7FC00000))));

  // A sign and a point alone are no number.
  const __m512i ones = _mm512_set1_epi32(1);
  __m512i count = _mm512_mask_sub_epi32(length, negative, length, ones);
  count = _mm512_mask_sub_epi32(count, _mm512_test_epi32_mask(pointed, pointed), count, ones);
  const __mmask16 no_number = _mm512_testn_epi32_mask(count, count) & ~(may_be_empty ? empty : 0);
  const __mmask16 too_long = _mm512_cmpgt_epi32_mask(length, _mm512_set1_epi32(LONGEST));
  return others == 0 && (no_number | too_long) == 0;
}

dk_read dk_read_lines_avx512(const dk_lines *lines, float *rows, size_t limit) {
  return read_lines(lines, rows, limit, find, BATCH, read_cells);
}

#pragma clang attribute pop
#endif
