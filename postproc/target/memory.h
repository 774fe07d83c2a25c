/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - the memory of a process, live or in a core dump, as far as it is there.
 *
 * Reading a live process brings nothing in: /proc/PID/pagemap is asked first, and only pages that are in the
 * process's page tables are read. Its threads are not stopped, so what is read may change meanwhile.
 */
#ifndef HUD_TARGET_MEMORY_H
#define HUD_TARGET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "target/memory-reader.h"

struct memory_area {
	uint64_t start, end, offset; /* offset: in its file */
	bool readable, writable, executable, shared;
	const char *path; /* as in /proc/PID/maps: hostile; "" if it has none */
};

/* A thread of a core dump. */
struct memory_thread {
	int tid;
	uint64_t thread_pointer, stack_pointer;
};

struct memory {
	struct memory_area *area; /* by address */
	size_t count;
	struct memory_thread *thread; /* of a core dump */
	size_t threads;
	char *exe; /* the program of a core dump, or NULL */
	uint64_t
		absent; /* bytes of the areas visited that were not there: swapped out, or left out of the dump */
	/* Reads what is in a file only: pages of a mapped file that the process has not touched. May be NULL. */
	bool (*read_file)(void *arg, uint64_t address, void *to, size_t size);
	void *file_arg;
	const struct memory_source *source;
	int fd, pagemap;
	void *windows;	/* a live process's: what pagemap said (live-memory.c) */
	void *segments; /* a core dump's */
	size_t segment_count;
};

/* The memory of a live process, by its open /proc/PID/mem and pagemap, and its maps. The memory closes both
 * descriptors. Never NULL. */
struct memory *memory_of_process(int mem, int pagemap, FILE *maps);

/* The memory in an open core dump of x86-64, which it closes. Returns NULL, and *why (static text), if it is none
 * that can be read. */
struct memory *memory_of_core(int fd, const char **why);

void memory_free(struct memory *memory);

/* Copies `size` bytes at `address`. Returns false unless all of them are there. */
bool memory_read(struct memory *memory, uint64_t address, void *to, size_t size);

/* The same as a reader for others. */
struct memory_reader memory_reader_of(struct memory *memory);

/* The area at `address`, or NULL. */
const struct memory_area *memory_area_at(const struct memory *memory, uint64_t address);

#define MEMORY_PIECE ((size_t)1 << 20) /* bytes */

/* Calls `visit` for all of the area that is there, in pieces of whole pages, at most MEMORY_PIECE bytes; at most
 * `limit` bytes in all. Returns how many bytes were visited. */
uint64_t memory_visit(struct memory *memory, const struct memory_area *area, uint64_t limit,
		      void (*visit)(void *context, uint64_t address, const uint64_t *word, size_t words),
		      void *context);

/* What differs between live processes and core dumps; for memory.c, live-memory.c and core-memory.c. */
struct memory_source {
	/* How many bytes from `address` on, in whole pages, are there (*there), or are not; at most `size`, at
	 * least a page. Both begin at a page. */
	uint64_t (*run)(struct memory *memory, uint64_t address, uint64_t size, bool *there);
	/* Copies bytes that are there. */
	bool (*copy)(struct memory *memory, uint64_t address, void *to, size_t size);
};

#define MEMORY_PAGE 4096u

#endif
