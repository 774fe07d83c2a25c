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
#define SEARCHED_MAX (256u << 10) /* bytes of thread-local memory */

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

		if (pointer < 4096 || pointer & 7 || pointer >> 47 || words[(at + searched->id) / 8] >> 48 ||
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
				search_thread(pid, fs, &layouts->layout[l], words, &places);
			if (clock_ms() - start > SEARCH_MS)
				break;
		}
		tokio_pause();
	}
	free(words);
	*layouts = places;
}
