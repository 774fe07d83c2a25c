/* SPDX-License-Identifier: Apache-2.0 */
/* live-memory.c - the memory of a live process (declared in memory.h). */
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grow.h"
#include "target/memory.h"

#define AREAS_MAX 1000000 /* more are not kept: the kernel allows 65530 unless it is told otherwise */
#define PRESENT ((uint64_t)1 << 63) /* Documentation/admin-guide/mm/pagemap.rst */

/* What pagemap said of PAGES pages in a row. A page that is swapped out while this is used would be brought in again,
 * so it is asked anew after a while. */
enum { PAGES = 512, WINDOWS = 64, USES = 4096 };

struct window {
	uint64_t first, count; /* pages */
	uint64_t entry[PAGES];
	unsigned uses;
};

/* The window with this page; NULL if pagemap does not tell. */
static const struct window *window_of(struct memory *memory, uint64_t page)
{
	uint64_t first = page - page % PAGES;
	struct window *w = (struct window *)memory->windows + first / PAGES % WINDOWS;

	if (w->first != first || !w->count || ++w->uses > USES) {
		ssize_t got = pread(memory->pagemap, w->entry, sizeof(w->entry),
				    (off_t)(first * sizeof(*w->entry)));

		w->first = first;
		w->count = got > 0 ? (uint64_t)got / sizeof(*w->entry) : 0;
		w->uses = 0;
	}
	return page - first < w->count ? w : NULL;
}

/* Pages that are swapped out, or only in a file, are not there: reading one would bring it in. */
static uint64_t run(struct memory *memory, uint64_t address, uint64_t size, bool *there)
{
	uint64_t first = address / MEMORY_PAGE, wanted = (size + MEMORY_PAGE - 1) / MEMORY_PAGE, pages = 0;

	*there = false;
	for (; pages < wanted; pages++) {
		const struct window *w = window_of(memory, first + pages);
		bool present = w && w->entry[first + pages - w->first] & PRESENT;

		if (!pages)
			*there = present;
		else if (present != *there)
			break;
	}
	return pages * MEMORY_PAGE;
}

static bool copy(struct memory *memory, uint64_t address, void *to, size_t size)
{
	return pread(memory->fd, to, size, (off_t)address) == (ssize_t)size;
}

/* Parses a line of /proc/PID/maps (proc(5)). */
static bool parse(char *line, struct memory_area *area)
{
	char perms[5];
	int name = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &area->start, &area->end,
		   perms, &area->offset, &name) < 4 ||
	    !name || area->start >= area->end || area->start % MEMORY_PAGE || area->end % MEMORY_PAGE)
		return false;
	area->readable = perms[0] == 'r';
	area->writable = perms[1] == 'w';
	area->executable = perms[2] == 'x';
	area->shared = perms[3] == 's';
	area->path = xstrdup(line + name);
	return true;
}

struct memory *memory_of_process(int mem, int pagemap, FILE *maps)
{
	static const struct memory_source source = {run, copy};
	struct memory *memory = xcalloc(1, sizeof(*memory));
	size_t room = 0, size = 0;
	char *line = NULL;

	memory->source = &source;
	memory->fd = mem;
	memory->pagemap = pagemap;
	memory->windows = xcalloc(WINDOWS, sizeof(struct window));
	while (getline(&line, &size, maps) > 0 && memory->count < AREAS_MAX) {
		GROW(memory->area, room, memory->count + 1);
		memory->count += parse(line, &memory->area[memory->count]);
	}
	free(line);
	return memory;
}
