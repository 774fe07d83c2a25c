/* SPDX-License-Identifier: Apache-2.0 */
/* search.c - see search.h. */
#include "tokio/search.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "base/clock.h"
#include "tokio/current-thread-tick.h"
#include "tokio/look.h"
#include "tokio/thread.h"

#define SEARCH_MS 500		  /* until a context is found */
#define CONTEXT_SIZE 72		  /* bytes: more than the offset of any pointer or id that is read */
#define OLD_CONTEXT_SIZE 96	  /* of 1.24 */
#define SEARCHED_MAX (256u << 10) /* bytes of thread-local memory */
#define VARIABLES_MAX 16	  /* candidates in a thread: one leads to a scheduler, others look like it */

/* A thread whose memory is searched. */
struct searched {
	pid_t pid;
	uint64_t fs;
	const uint64_t *words; /* its thread-local memory */
	size_t count;
	int64_t until; /* deadline (ms): hostile memory may have any number of matches */
};

static bool is_pointer(uint64_t word)
{
	return word >= 4096 && !(word & 7) && !(word >> 47);
}

/* The layout for a context at this distance below the thread pointer; the schedulers' pointers are still
 * missing. */
static struct tokio_layout placed(const struct tokio_layout *searched, uint64_t below)
{
	struct tokio_layout layout = *searched;

	layout.id = below - searched->id;
	layout.id_tag = searched->id_tag ? below - searched->id_tag : 0;
	layout.budget = below - searched->budget;
	layout.searched = 0;
	return layout;
}

/* --- since 1.29: the context leads to the scheduler --- */

static void add_found(struct tokio_layouts *layouts, const struct tokio_layout *layout)
{
	for (size_t i = 0; i < layouts->count; i++)
		if (layouts->layout[i].id == layout->id &&
		    layouts->layout[i].multi_thread.pointer == layout->multi_thread.pointer &&
		    layouts->layout[i].multi_thread.counter == layout->multi_thread.counter)
			return;
	if (layouts->count < TOKIO_LAYOUTS)
		layouts->layout[layouts->count++] = *layout;
}

/* Finds places in a thread's memory that look like a context with a core. */
static void search_context(const struct searched *s, const struct tokio_layout *searched,
			   struct tokio_layouts *found)
{
	for (size_t at = 0; 8 * at + CONTEXT_SIZE <= searched->searched && clock_ms() < s->until; at++) {
		uint64_t below = searched->searched - 8 * at,
			 pointer = s->words[at + searched->multi_thread.pointer / 8];
		struct tokio_poll poll;

		if (below <= searched->budget || !is_pointer(pointer) ||
		    s->words[at + searched->id / 8] >> 48 ||
		    (searched->id_tag && s->words[at + searched->id_tag / 8] > 1))
			continue;
		struct tokio_layout layout = placed(searched, below);

		layout.multi_thread.pointer = layout.current_thread.pointer =
			below - searched->multi_thread.pointer;
		layout.current_thread.known = tokio_find_current(s->pid, s->fs, &layout);
		if (tokio_look(s->pid, s->fs, &layout, &poll) != TOKIO_AS_EXPECTED)
			continue;
		layout.current_thread.known = false;
		add_found(found, &layout);
	}
}

/* --- up to 1.28: the schedulers' pointers are in variables of their own --- */

/* A variable that may lead to a scheduler's context. */
struct variable {
	uint64_t at; /* its offset in the searched memory */
	bool multi_thread;
	uint64_t handle; /* its runtime's handle */
};

/* The handle of the runtime at what looks like a scheduler's context (a worker or a handle, then a RefCell of
 * a core), otherwise 0. A worker begins with the handle. */
static uint64_t handle_of(pid_t pid, uint64_t context, bool multi_thread)
{
	uint64_t words[3], handle;

	if (!is_pointer(context) || !tokio_peek(pid, context, words, sizeof(words)) || words[1] + 1 > 2 ||
	    words[2] & 7 || !is_pointer(words[0]) || !tokio_is_arc(pid, words[0]))
		return 0;
	if (!multi_thread)
		return words[0];
	return tokio_peek(pid, words[0] + 16, &handle, 8) && is_pointer(handle) && tokio_is_arc(pid, handle)
		       ? handle
		       : 0;
}

static bool has_word(const struct searched *s, uint64_t word)
{
	size_t i = 0;

	while (i < s->count && s->words[i] != word)
		i++;
	return i < s->count;
}

/* Finds the variables of a thread whose runtime's handle is in its memory, too, as it is in the context. */
static size_t find_variables(const struct searched *s, struct variable variable[VARIABLES_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < 2 * s->count && count < VARIABLES_MAX && clock_ms() < s->until; i++) {
		struct variable *v = &variable[count];

		*v = (struct variable){.at = 8 * (i / 2), .multi_thread = i % 2};
		v->handle = handle_of(s->pid, s->words[i / 2], v->multi_thread);
		count += v->handle && has_word(s, v->handle);
	}
	return count;
}

/* Combines what is known of one scheduler with what may be known of the other. */
static void add_variable(struct tokio_layouts *layouts, const struct tokio_layout *layout)
{
	for (size_t i = 0; i < layouts->count; i++) {
		struct tokio_layout *other = &layouts->layout[i];
		const struct tokio_scheduler *mt = &layout->multi_thread, *ct = &layout->current_thread;

		if (other->id != layout->id || other->handle != layout->handle ||
		    (mt->known && other->multi_thread.known && mt->pointer != other->multi_thread.pointer) ||
		    (ct->pointer && other->current_thread.pointer &&
		     ct->pointer != other->current_thread.pointer))
			continue;
		if (mt->known)
			other->multi_thread = *mt;
		if (ct->pointer)
			other->current_thread.pointer = ct->pointer;
		return;
	}
	if (layouts->count < TOKIO_LAYOUTS)
		layouts->layout[layouts->count++] = *layout;
}

/* Finds places in a thread's memory that look like a context with the runtime that `v` leads to. */
static void search_handle(const struct searched *s, const struct tokio_layout *searched,
			  const struct variable *v, struct tokio_layouts *found)
{
	for (size_t at = 0; 8 * at + OLD_CONTEXT_SIZE <= searched->searched && clock_ms() < s->until; at++) {
		uint64_t below = searched->searched - 8 * at;
		size_t handle = at + searched->handle / 8;
		struct tokio_poll poll;

		if (s->words[handle] != v->handle || (uint32_t)s->words[handle - 1] != v->multi_thread ||
		    s->words[at + searched->id_tag / 8] > 1)
			continue;
		struct tokio_layout layout = placed(searched, below);

		layout.multi_thread.known = v->multi_thread;
		if (v->multi_thread)
			layout.multi_thread.pointer = searched->searched - v->at;
		else
			layout.current_thread.pointer = searched->searched - v->at;
		if (!v->multi_thread || tokio_look(s->pid, s->fs, &layout, &poll) == TOKIO_AS_EXPECTED)
			add_variable(found, &layout);
	}
}

/* --- everything --- */

static void search_thread(const struct searched *s, const struct tokio_layouts *layouts,
			  struct tokio_layouts *found)
{
	struct variable variable[VARIABLES_MAX];
	size_t variables = 0;

	for (size_t l = 0; l < layouts->count; l++)
		if (layouts->layout[l].tagged)
			search_context(s, &layouts->layout[l], found);
		else if (!variables)
			variables = find_variables(s, variable);
	for (size_t l = 0; l < layouts->count; l++)
		for (size_t v = 0; v < variables && !layouts->layout[l].tagged; v++)
			search_handle(s, &layouts->layout[l], &variable[v], found);
}

void tokio_search(pid_t pid, const struct thread *threads, size_t count, struct tokio_layouts *layouts)
{
	struct tokio_layouts found = {.unsure = layouts->unsure};
	uint64_t size = layouts->count ? layouts->layout[0].searched : 0, *words;
	int64_t start = clock_ms();

	if (!size)
		return;
	words = size > SEARCHED_MAX ? NULL : xmalloc(size);
	while (words && clock_ms() - start < (found.count ? TOKIO_LOOKS_MS : SEARCH_MS)) {
		for (size_t i = 0; i < count && clock_ms() - start < SEARCH_MS; i++) {
			struct searched s = {.pid = pid,
					     .fs = threads[i].thread_pointer,
					     .words = words,
					     .count = size / 8,
					     .until = start + SEARCH_MS};

			if (s.fs && threads[i].role != ROLE_BLOCKING &&
			    tokio_peek(pid, s.fs - size, words, size))
				search_thread(&s, layouts, &found);
		}
		tokio_pause();
	}
	free(words);
	*layouts = found;
}
