// SPDX-License-Identifier: Apache-2.0
/* forged-tasks.c - a hostile target for hud-trace tasks: memory that looks like tasks of Tokio's, and is none.
 *
 * Vtables, headers whose lists are loops, lead nowhere, or to each other; handles that are no runtimes; sizes at the
 * limits; a terabyte of memory that was never touched, and thousands of mappings. Prints "ready", and stands until its
 * input ends.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CELL 256
#define TYPES 64

static void function(void)
{
}

/* tokio/src/runtime/task/raw.rs */
struct vtable {
	void (*functions[7])(void);
	uintptr_t trailer, scheduler, id;
};

#define ONE(trailer, id)                                                                                     \
	{                                                                                                    \
		{function, function, function, function, function, function, function}, trailer, 32, id      \
	}
#define EIGHT(trailer, id)                                                                                   \
	ONE(trailer, id), ONE(trailer, id), ONE(trailer, id), ONE(trailer, id), ONE(trailer, id),            \
		ONE(trailer, id), ONE(trailer, id), ONE(trailer, id)

/* Relocated, and so in memory; not in .data, so that it is as the compiler puts them. */
static const struct vtable vtables[TYPES] = {
	EIGHT(128, 40),		  EIGHT(128, 40), EIGHT(128, 40), EIGHT(1 << 28, 40),
	EIGHT((1 << 28) - 8, 40), EIGHT(128, 48), EIGHT(128, 32), EIGHT(48, 40),
};

static uintptr_t handle[512];

/* A header, and the links of its list, which are at some place in the trailer. */
static void forge(uintptr_t *cell, size_t i, uintptr_t previous, uintptr_t next)
{
	const struct vtable *vtable = &vtables[i % TYPES];

	cell[0] = (i % 37) << 6 | i % 64;
	cell[1] = (uintptr_t)cell;
	cell[2] = (uintptr_t)vtable;
	cell[3] = vtable->id == 40 ? 1 + i % 3 : 0;
	cell[4] = (uintptr_t)handle + (i % 5 == 4 ? 8 * (i % 500) : 0);
	cell[vtable->id / 8] = i % 11 ? i : ~(uintptr_t)0;
	if (vtable->trailer > CELL - 48)
		return;
	for (size_t at = vtable->trailer / 8; at < CELL / 8 - 1; at += 2) {
		cell[at] = previous;
		cell[at + 1] = next;
	}
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
	char *cells = mmap(NULL, count * CELL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (cells == MAP_FAILED)
		return 1;
	handle[0] = handle[1] = 1;
	for (size_t i = 2; i < 512; i++)
		handle[i] = i % 3 ? 1 + i % 3 : (uintptr_t)handle;
	for (size_t i = 0; i < count; i++) {
		uintptr_t *cell = (uintptr_t *)(void *)(cells + i * CELL), self = (uintptr_t)cell;
		uintptr_t before = (uintptr_t)(cells + (i + count - 1) % count * CELL),
			  after = (uintptr_t)(cells + (i + 1) % count * CELL);

		/* A ring; itself; nowhere; the kernel's half. */
		forge(cell, i,
		      i % 7 == 1   ? self
		      : i % 7 == 2 ? 8
				   : before,
		      i % 7 == 1   ? self
		      : i % 7 == 3 ? UINTPTR_MAX - 7
				   : after);
	}
	mmap(NULL, (size_t)1 << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
	     0);
	for (int i = 0; i < 20000; i++) {
		char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page != MAP_FAILED)
			mprotect(page, 4096, PROT_NONE);
	}
	puts("ready");
	fflush(stdout);
	return read(0, &count, 1) < 0;
}
