#ifndef SAYSEE_AREA_H
#define SAYSEE_AREA_H

#include <stddef.h>
#include <stdint.h>

// A tap adds a source pixel, times a weight, to a result pixel.
struct saysee_tap {
	int32_t from, to;
	float weight;
};

// saysee_area shrinks RGBA to w pixels a row. The taps of x and of y are in the order of what they add to,
// at least one for each, and a tap to -1 ends x. rows holds 16 · w floats and sum 4 · w, both
// aligned to 16 bytes. wide asks for vectors that saysee_wide must allow. Nothing is checked.
void saysee_area(uint8_t *dst, size_t dst_stride, const uint8_t *src, size_t src_stride, int w,
                 const struct saysee_tap *x, const struct saysee_tap *y, int taps_y, float *rows, float *sum, int wide);

// saysee_wide tells whether this processor has the wide vectors.
int saysee_wide(void);

#endif
