/* tokio-search.c - see tokio-search.h. */
#include "tokio-search.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>

#include "clock.h"
#include "roles.h"
#include "tokio-current.h"
#include "tokio-look.h"

#define SEARCH_MS 500		  /* until a context was seen */
#define CONTEXT_SIZE 72		  /* bytes at least, more than where all is that is read */
#define OLD_CONTEXT_SIZE 96	  /* of 1.24 */
#define SEARCHED_MAX (256u << 10) /* bytes of thread-local memory */

static bool is_pointer(uint64_t word)
{
	return word >= 4096 && !(word & 7) && !(word >> 47);
}

/* --- since 1.29: the context leads to the scheduler --- */

static void add_place(struct tokio_layouts *layouts, const struct tokio_layout *layout)
{
	for (size_t i = 0; i < layouts->count; i++)
		if (layouts->layout[i].id == layout->id &&
		    layouts->layout[i].multi_thread.pointer == layout->multi_thread.pointer &&
		    layouts->layout[i].multi_thread.counter == layout->multi_thread.counter)
			return;
	if (layouts->count < TOKIO_LAYOUTS)
		layouts->layout[layouts->count++] = *layout;
}

/* The places in one thread's memory where it looks like a context with a core. */
static void search_thread(pid_t pid, uint64_t fs, const struct tokio_layout *searched, const uint64_t *words,
			  struct tokio_layouts *places)
{
	for (uint64_t at = 0; at + CONTEXT_SIZE <= searched->searched; at += 8) {
		uint64_t below = searched->searched - at,
			 pointer = words[(at + searched->multi_thread.pointer) / 8];
		struct tokio_layout layout = *searched;
		struct tokio_poll poll;

		if (!is_pointer(pointer) || words[(at + searched->id) / 8] >> 48 ||
		    (searched->id_tag && words[(at + searched->id_tag) / 8] > 1))
			continue;
		layout.id = below - searched->id;
		layout.id_tag = searched->id_tag ? below - searched->id_tag : 0;
		layout.budget = below - searched->budget;
		layout.multi_thread.pointer = layout.current_thread.pointer =
			below - searched->multi_thread.pointer;
		layout.searched = 0;
		layout.current_thread.known = tokio_find_current(pid, fs, &layout);
		if (tokio_look(pid, fs, &layout, &poll) != TOKIO_AS_EXPECTED)
			continue;
		layout.current_thread.known = false;
		add_place(places, &layout);
	}
}

/* --- up to 1.28: the schedulers' pointers are in variables of their own --- */

/* What looks like a scheduler's context, a worker or a handle, and behind that a RefCell of a core: the runtime's handle, else 0. A
 * worker begins with it. */
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

/* Adds what is known of one of the two schedulers to what may be known of the other. */
static void add_variable(struct tokio_layouts *layouts, const struct tokio_layout *layout)
{
	for (size_t i = 0; i < layouts->count; i++) {
		struct tokio_layout *other = &layouts->layout[i];

		if (other->id != layout->id || other->handle != layout->handle)
			continue;
		if (!other->multi_thread.known && layout->multi_thread.known)
			other->multi_thread = layout->multi_thread;
		if (!other->current_thread.pointer)
			other->current_thread.pointer = layout->current_thread.pointer;
		if (!layout->multi_thread.known ||
		    other->multi_thread.pointer == layout->multi_thread.pointer)
			return;
	}
	if (layouts->count < TOKIO_LAYOUTS)
		layouts->layout[layouts->count++] = *layout;
}

/* The places in one thread's memory where it looks like a context, whose runtime has the handle of the scheduler at `variable`. */
static void search_handle(pid_t pid, uint64_t fs, const struct tokio_layout *searched, const uint64_t *words,
			  uint64_t variable, bool multi_thread, struct tokio_layouts *places)
{
	uint64_t handle = handle_of(pid, words[variable / 8], multi_thread);

	for (uint64_t at = 0; handle && at + OLD_CONTEXT_SIZE <= searched->searched; at += 8) {
		uint64_t below = searched->searched - at, here = (at + searched->handle) / 8;
		struct tokio_layout layout = *searched;
		struct tokio_poll poll;

		if (words[here] != handle || (uint32_t)words[here - 1] != multi_thread ||
		    words[(at + searched->id_tag) / 8] > 1)
			continue;
		layout.id = below - searched->id;
		layout.id_tag = below - searched->id_tag;
		layout.budget = below - searched->budget;
		layout.searched = 0;
		layout.multi_thread.known = multi_thread;
		if (multi_thread)
			layout.multi_thread.pointer = searched->searched - variable;
		else
			layout.current_thread.pointer = searched->searched - variable;
		if (!multi_thread || tokio_look(pid, fs, &layout, &poll) == TOKIO_AS_EXPECTED)
			add_variable(places, &layout);
	}
}

/* --- all of it --- */

static void search_layout(pid_t pid, uint64_t fs, const struct tokio_layout *layout, const uint64_t *words,
			  struct tokio_layouts *places)
{
	if (layout->tagged)
		search_thread(pid, fs, layout, words, places);
	for (uint64_t at = 0; !layout->tagged && at + 8 <= layout->searched; at += 8)
		for (int multi_thread = 0; multi_thread < 2; multi_thread++)
			search_handle(pid, fs, layout, words, at, multi_thread, places);
}

void tokio_search(pid_t pid, const struct thread *threads, size_t count, struct tokio_layouts *layouts)
{
	struct tokio_layouts places = {.unsure = layouts->unsure};
	uint64_t size = layouts->count ? layouts->layout[0].searched : 0, *words;
	int64_t start = clock_ms();

	if (!size)
		return;
	words = size > SEARCHED_MAX ? NULL : xmalloc(size);
	while (words && clock_ms() - start < (places.count ? TOKIO_LOOKS_MS : SEARCH_MS)) {
		for (size_t i = 0; i < count; i++) {
			uint64_t fs = threads[i].thread_pointer;

			if (!fs || threads[i].role == ROLE_BLOCKING ||
			    !tokio_peek(pid, fs - size, words, size))
				continue;
			for (size_t l = 0; l < layouts->count; l++)
				search_layout(pid, fs, &layouts->layout[l], words, &places);
			if (clock_ms() - start > SEARCH_MS)
				break;
		}
		tokio_pause();
	}
	free(words);
	*layouts = places;
}
