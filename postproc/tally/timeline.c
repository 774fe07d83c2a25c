/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.c - see slices.h. */
#include "tally/timeline.h"

#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_WIDTH ((uint64_t)1 << 20) /* ns: a millisecond */

/* A worker's slices, SLICES_MOST of them. */
struct lane {
	long tid;
	uint32_t (*slice)[REASON_COUNT]; /* us */
};

struct slicing {
	uint64_t width;	    /* ns */
	uint64_t low, high; /* times `width`: the first and the last slice; both 0 before the first block */
	struct lane lane[SLICES_WORKERS];
	size_t lanes;
};

struct slicing *timeline_new(void)
{
	struct slicing *s = xcalloc(1, sizeof(*s));

	s->width = FIRST_WIDTH;
	return s;
}

void timeline_free(struct slicing *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->lanes; i++)
		free(s->lane[i].slice);
	free(s);
}

static void add_to(uint32_t *slice, uint32_t us)
{
	*slice = *slice > UINT32_MAX - us ? UINT32_MAX : *slice + us;
}

/* Makes slices twice as long. */
static void widen(struct slicing *s)
{
	uint32_t(*old)[REASON_COUNT] = xmalloc(SLICES_MOST * sizeof(*old));

	for (size_t k = 0; k < s->lanes; k++) {
		uint32_t(*slice)[REASON_COUNT] = s->lane[k].slice;

		memcpy(old, slice, SLICES_MOST * sizeof(*old));
		memset(slice, 0, SLICES_MOST * sizeof(*old));
		for (uint64_t i = s->low; i <= s->high; i++)
			for (size_t r = 0; r < REASON_COUNT; r++)
				add_to(&slice[i / 2 - s->low / 2][r], old[i - s->low][r]);
	}
	free(old);
	s->width *= 2;
	s->low /= 2;
	s->high /= 2;
}

/* Lines are not fully in order: a block may begin before the first slice. */
static void begin_earlier(struct slicing *s, uint64_t low)
{
	size_t by = (size_t)(s->low - low), used = (size_t)(s->high - s->low + 1);

	for (size_t k = 0; k < s->lanes; k++) {
		uint32_t(*slice)[REASON_COUNT] = s->lane[k].slice;

		memmove(slice + by, slice, used * sizeof(*slice));
		memset(slice, 0, by * sizeof(*slice));
	}
	s->low = low;
}

/* Makes slices for this time. */
static void reach(struct slicing *s, uint64_t start, uint64_t end)
{
	for (;;) {
		uint64_t first = start / s->width, last = end / s->width;
		uint64_t low = s->lanes && s->low < first ? s->low : first;
		uint64_t high = s->lanes && s->high > last ? s->high : last;

		if (high - low >= SLICES_MOST) {
			widen(s);
			continue;
		}
		if (!s->lanes)
			s->low = low;
		else if (low < s->low)
			begin_earlier(s, low);
		s->high = high;
		return;
	}
}

static struct lane *lane_of(struct slicing *s, long tid)
{
	for (size_t i = 0; i < s->lanes; i++)
		if (s->lane[i].tid == tid)
			return &s->lane[i];
	if (s->lanes == SLICES_WORKERS)
		return NULL;
	s->lane[s->lanes] = (struct lane){tid, xcalloc(SLICES_MOST, sizeof(*s->lane->slice))};
	return &s->lane[s->lanes++];
}

void timeline_add(struct slicing *s, const struct block *block)
{
	uint64_t start = block->start, end = block->start + block->duration;

	/* Times of a hostile stream may be anything. */
	if (end < start || (unsigned)block->reason >= REASON_COUNT)
		return;
	reach(s, start, end);
	struct lane *lane = lane_of(s, block->tid);

	for (uint64_t i = start / s->width; lane && i <= end / s->width; i++) {
		uint64_t from = i * s->width > start ? i * s->width : start;
		uint64_t to = end - i * s->width > s->width ? (i + 1) * s->width : end;
		uint64_t us = (to - from + 500) / 1000;

		add_to(&lane->slice[i - s->low][block->reason], us > UINT32_MAX ? UINT32_MAX : (uint32_t)us);
	}
}

void timeline_axis(const struct slicing *s, struct timeline *timeline)
{
	timeline->start = s->low * s->width;
	timeline->width = s->width;
	timeline->slices = s->lanes ? (size_t)(s->high - s->low + 1) : 0;
}

slice_times *timeline_of(const struct slicing *s, long tid)
{
	for (size_t i = 0; i < s->lanes; i++)
		if (s->lane[i].tid == tid)
			return s->lane[i].slice;
	return NULL;
}
