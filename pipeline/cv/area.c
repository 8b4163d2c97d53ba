#include "area.h"

// A product and a sum are rounded one by one, as OpenCV's builds do, also where the processor can fuse them.
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off")
#endif

#include <math.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

// The four colours of a pixel are one vector: the sums of OpenCV's scalar loop, in its order, four at once.
typedef float f4 __attribute__((vector_size(16)));

static inline f4 load(const uint8_t *p) {
#ifdef __x86_64__
	int32_t v;
	memcpy(&v, p, 4);
	const __m128i zero = _mm_setzero_si128();
	const __m128i words = _mm_unpacklo_epi8(_mm_cvtsi32_si128(v), zero);
	return (f4)_mm_cvtepi32_ps(_mm_unpacklo_epi16(words, zero));
#else
	return (f4){p[0], p[1], p[2], p[3]};
#endif
}

// store rounds halves to even, as OpenCV's saturate_cast does. The values are means of bytes.
static inline void store(uint8_t *p, f4 v) {
#ifdef __x86_64__
	const __m128i words = _mm_packs_epi32(_mm_cvtps_epi32((__m128)v), _mm_setzero_si128());
	const int32_t bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
	memcpy(p, &bytes, 4);
#else
	for (int i = 0; i < 4; i++) {
		const long r = lrintf(v[i]);
		p[i] = r < 0 ? 0 : r > 255 ? 255 : (uint8_t)r;
	}
#endif
}

// shrink_rows shrinks four source rows side by side, so that the processor need not wait for one sum.
static void shrink_rows(f4 *row, const uint8_t *const src[4], const struct saysee_tap *x, int w) {
	for (int i = 0; i < w; i++) {
		size_t at = 4 * (size_t)x->from;
		f4 a = load(src[0] + at) * x->weight, b = load(src[1] + at) * x->weight;
		f4 c = load(src[2] + at) * x->weight, d = load(src[3] + at) * x->weight;
		for (x++; x->to == i; x++) {
			at = 4 * (size_t)x->from;
			a += load(src[0] + at) * x->weight;
			b += load(src[1] + at) * x->weight;
			c += load(src[2] + at) * x->weight;
			d += load(src[3] + at) * x->weight;
		}
		row[i] = a;
		row[w + i] = b;
		row[2 * w + i] = c;
		row[3 * w + i] = d;
	}
}

#ifdef __x86_64__
typedef float f8 __attribute__((vector_size(32)));

// load2 puts the pixels of two rows into one vector.
__attribute__((target("avx2"))) static inline f8 load2(const uint8_t *p, const uint8_t *q) {
	int32_t v, u;
	memcpy(&v, p, 4);
	memcpy(&u, q, 4);
	return (f8)_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_insert_epi32(_mm_cvtsi32_si128(v), u, 1)));
}

// shrink_rows_wide is shrink_rows with two rows in a vector.
__attribute__((target("avx2"))) static void shrink_rows_wide(f4 *row, const uint8_t *const src[4], const struct saysee_tap *x, int w) {
	for (int i = 0; i < w; i++) {
		size_t at = 4 * (size_t)x->from;
		f8 ab = load2(src[0] + at, src[1] + at) * x->weight, cd = load2(src[2] + at, src[3] + at) * x->weight;
		for (x++; x->to == i; x++) {
			at = 4 * (size_t)x->from;
			ab += load2(src[0] + at, src[1] + at) * x->weight;
			cd += load2(src[2] + at, src[3] + at) * x->weight;
		}
		row[i] = (f4)_mm256_castps256_ps128((__m256)ab);
		row[w + i] = (f4)_mm256_extractf128_ps((__m256)ab, 1);
		row[2 * w + i] = (f4)_mm256_castps256_ps128((__m256)cd);
		row[3 * w + i] = (f4)_mm256_extractf128_ps((__m256)cd, 1);
	}
}

int saysee_wide(void) {
	return __builtin_cpu_supports("avx2");
}
#else
int saysee_wide(void) {
	return 0;
}
#define shrink_rows_wide shrink_rows
#endif

void saysee_area(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t src_stride, int w,
                 const struct saysee_tap *x, const struct saysee_tap *y, int taps_y, float *rows_memory, float *sum_memory, int wide) {
	f4 *rows = (f4 *)rows_memory, *sum = (f4 *)sum_memory;
	const int32_t last = y[taps_y - 1].from;
	int32_t first = -4; // of the four source rows that lie shrunk in rows
	for (int j = 0; j < taps_y; j++) {
		if (y[j].from >= first + 4) {
			const uint8_t *four[4];
			first = y[j].from;
			for (int k = 0; k < 4; k++) {
				four[k] = src + src_stride * (size_t)(first + k < last ? first + k : last);
			}
			(wide ? shrink_rows_wide : shrink_rows)(rows, four, x, w);
		}
		const f4 *row = rows + (size_t)w * (size_t)(y[j].from - first);
		const float weight = y[j].weight;
		if (j == 0 || y[j].to != y[j - 1].to) {
			for (int i = 0; i < w; i++) {
				sum[i] = row[i] * weight;
			}
		} else {
			for (int i = 0; i < w; i++) {
				sum[i] += row[i] * weight;
			}
		}
		if (j + 1 == taps_y || y[j + 1].to != y[j].to) {
			uint8_t *out = dst + dst_stride * (size_t)y[j].to;
			for (int i = 0; i < w; i++) {
				store(out + 4 * i, sum[i]);
			}
		}
	}
}
