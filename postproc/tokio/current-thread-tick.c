/* SPDX-License-Identifier: Apache-2.0 */
/* current-thread-tick.c - see current-thread-tick.h. */
#include "tokio/current-thread-tick.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/clock.h"
#include "target/inspector.h"
#include "tokio/look.h"
#include "tokio/thread.h"

#define CORE_WORDS 128	/* of the core that are read */
#define QUEUE_INDICES 2 /* that change: the first index, and the last or the length */

/* A word whose upper half is the interval is neither an address nor part of a count. */
bool tokio_find_current(pid_t pid, uint64_t fs, struct tokio_layout *layout)
{
	struct tokio_scheduler *t = &layout->current_thread;
	uint64_t words[CORE_WORDS], context, handle, core, tag = 0;
	size_t count, found = 0;

	if (!layout->tagged || !tokio_peek(pid, fs - t->pointer, &context, 8) || !context || context & 7 ||
	    !tokio_peek(pid, context + layout->tag, &tag, 4) || tag != t->tag ||
	    !tokio_peek(pid, context + 8, &handle, 8) || !tokio_is_arc(pid, handle) ||
	    !tokio_peek(pid, context + t->core, &core, 8) || !core || core & 7)
		return false;
	count = inspector_memory(pid, core, words, sizeof(words)) / 8;
	for (size_t i = 1; i < count; i++) {
		if (words[i] >> 32 != TOKIO_CURRENT_INTERVAL)
			continue;
		found++;
		t->counter = 8 * i;
	}
	t->idle = t->counter;
	return t->known = found == 1;
}

/* A core that is read repeatedly. */
struct watched_core {
	uint64_t core; /* 0: not seen yet */
	uint64_t words[CORE_WORDS];
};

/* Reads a core. Returns how many words: with glibc's malloc only those allocated for it (the size is in front
 * of it: malloc.c, struct malloc_chunk: a multiple of 16, flags in the lowest three bits). Words behind it
 * change, too. */
static size_t read_core(pid_t pid, struct watched_core *c)
{
	uint64_t size;
	size_t words = inspector_memory(pid, c->core, c->words, sizeof(c->words)) / 8;

	if (!tokio_peek(pid, c->core - 8, &size, 8))
		return words;
	size &= ~(uint64_t)7;
	return size & 15 || size < 64 || size > sizeof(c->words) || size / 8 - 1 > words ? words
											 : size / 8 - 1;
}

/* May the word be an index of a queue? It is less than the capacity then, which is next to it in a VecDeque
 * of four words. */
static bool is_queue_index(const struct watched_core *c, size_t word, const bool *moved)
{
	for (size_t w = word < 3 ? 0 : word - 3; w <= word + 3 && w < CORE_WORDS; w++)
		if (!moved[w] && c->words[w] > c->words[word] && c->words[w] < TOKIO_TICKS_MAX)
			return true;
	return false;
}

/* Up to 1.28 no interval follows the tick, but only the tick goes up with each task. The first and last index
 * of the queue go up, too, but wrap around. As long as a third number is less than the queue's capacity, it
 * may be the tick. Returns false unless there is exactly one such number, and a thread runs tasks in this
 * scheduler. */
static bool count_current(pid_t pid, const struct thread *threads, size_t count, struct tokio_layout *layout)
{
	struct tokio_scheduler *t = &layout->current_thread;
	struct watched_core *before = xcalloc(count, sizeof(*before)), now = {0};
	bool wrong[CORE_WORDS] = {false}, moved[CORE_WORDS] = {false}, seen = false, sure;
	int64_t start = clock_ms();
	size_t found, indices;

	do {
		for (size_t i = 0; i < count; i++) {
			uint64_t context, fs = threads[i].thread_pointer;
			size_t words;

			if (!fs || !tokio_peek(pid, fs - t->pointer, &context, 8) || !context ||
			    context & 7 || !tokio_peek(pid, context + t->core, &now.core, 8) || !now.core ||
			    now.core & 7)
				continue;
			words = read_core(pid, &now);
			seen = true;
			for (size_t w = 0; w < CORE_WORDS; w++) {
				uint32_t more = (uint32_t)now.words[w] - (uint32_t)before[i].words[w];

				/* A bool follows it, and what is between stays the same. */
				wrong[w] = wrong[w] || w >= words || (now.words[w] >> 32 & 0xff) > 1;
				if (wrong[w] || before[i].core != now.core)
					continue;
				wrong[w] = now.words[w] >> 32 != before[i].words[w] >> 32 ||
					   more > TOKIO_TICKS_MAX;
				moved[w] = moved[w] || more;
			}
			before[i] = now;
		}
		found = indices = 0;
		for (size_t w = 0; w < CORE_WORDS; w++) {
			bool queue = true;

			if (wrong[w] || !moved[w])
				continue;
			for (size_t i = 0; i < count; i++)
				queue = queue && (!before[i].core || is_queue_index(&before[i], w, moved));
			indices += queue;
			found += !queue;
			if (!queue)
				t->counter = 8 * w;
		}
		sure = found == 1 && indices <= QUEUE_INDICES;
		tokio_pause();
	} while (clock_ms() - start < (seen && !sure ? TOKIO_UNSURE_MS : TOKIO_LOOKS_MS));
	free(before);
	t->idle = t->counter;
	return t->known = sure;
}

void tokio_find_currents(pid_t pid, const struct thread *threads, size_t count, struct tokio_layouts *layouts)
{
	for (size_t l = 0; l < layouts->count; l++) {
		struct tokio_layout *layout = &layouts->layout[l];

		if (layout->current_thread.known) /* from debug info */
			continue;
		const struct tokio_layout *same = layouts->layout;

		while (same < layout && same->current_thread.pointer != layout->current_thread.pointer)
			same++;
		if (!layout->tagged && same < layout)
			layout->current_thread = same->current_thread;
		else if (!layout->tagged && layout->current_thread.pointer)
			count_current(pid, threads, count, layout);
		for (size_t i = 0; i < count && layout->interval; i++)
			for (int tries = 0; tries < TOKIO_TRIES && threads[i].thread_pointer &&
					    !layout->current_thread.known;
			     tries++)
				tokio_find_current(pid, threads[i].thread_pointer, layout);
	}
}
