/* SPDX-License-Identifier: Apache-2.0 */
/* thread-pointers.c - see thread-pointers.h.
 *
 * The thread pointer leads to the C library's control block of the thread, which begins with its own address. It is at the
 * end of the thread's stack; that of the first thread is in a small mapping of the dynamic linker's, or on the heap.
 */
#include "head/thread-pointers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "target/inspector.h"

#define AT_END ((uint64_t)64 << 10) /* of a mapping that is searched */
#define SMALL ((uint64_t)256 << 10) /* mappings that are searched from their start */

/* x86-64. glibc's struct pthread begins with tcbhead_t: its address, the DTV, and its address again (nptl/descr.h and
 * sysdeps/x86_64/nptl/tls.h, 2.31 to 2.41). musl's begins with its address and the DTV (src/internal/pthread_impl.h, 1.2). */
#define GLIBC_TID 0x2d0
#define MUSL_TID 0x30
#define BLOCK_SIZE (GLIBC_TID + 4)

/* Does a control block begin here, in memory copied from `address`? Sets *tid, which the thread itself knows: in a
 * container, that of its namespace. */
static bool is_block(const unsigned char *memory, uint64_t address, bool *musl, uint32_t *tid)
{
	uint64_t word[3];

	memcpy(word, memory, sizeof(word));
	if (word[0] != address || !word[1] || word[1] & 7)
		return false;
	*musl = word[2] != address;
	memcpy(tid, memory + (*musl ? MUSL_TID : GLIBC_TID), sizeof(*tid));
	return *tid && *tid <= 1u << 22;
}

/* A block is of the thread that it names. A process in a namespace has other ids than we see: then any thread takes it,
 * because all that is read there is which runtime it works for. */
struct search {
	struct thread *threads;
	size_t count, found;
	uint64_t *strange;
	size_t stranges;
};

static void note(struct search *s, uint64_t address, uint32_t tid, bool musl)
{
	for (size_t i = 0; i < s->count; i++)
		if ((uint32_t)s->threads[i].tid == tid) {
			s->found += !s->threads[i].thread_pointer;
			s->threads[i].thread_pointer = address;
			return;
		}
	if (!musl && s->stranges < s->count)
		s->strange[s->stranges++] = address;
}

static void search_mapping(pid_t pid, uint64_t start, uint64_t end, struct search *s)
{
	static unsigned char memory[SMALL];
	uint64_t from = end - start > SMALL ? end - AT_END : start;
	size_t got = inspector_memory(pid, from, memory, (size_t)(end - from));
	uint32_t tid;
	bool musl;

	for (size_t i = 0; i + BLOCK_SIZE <= got; i += 8)
		if (is_block(memory + i, from + i, &musl, &tid))
			note(s, from + i, tid, musl);
}

/* Is this line of /proc/PID/maps memory that may hold control blocks? */
static bool is_anonymous(const char *line, uint64_t *start, uint64_t *end)
{
	char rights[5], name[8];
	uint64_t inode;
	int fields = sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %" SCNu64 " %7s", start, end, rights,
			    &inode, name);

	return (fields == 4 || (fields == 5 && !strcmp(name, "[heap]"))) && !inode &&
	       !strcmp(rights, "rw-p") && *start < *end;
}

size_t thread_pointers_find(pid_t pid, struct thread *threads, size_t count)
{
	struct search s = {
		.threads = threads, .count = count, .strange = xcalloc(count + 1, sizeof(*s.strange))};
	FILE *maps = inspector_open(pid, "maps");
	char *line = NULL;
	size_t size = 0;
	uint64_t start, end;

	while (maps && getline(&line, &size, maps) > 0)
		if (is_anonymous(line, &start, &end))
			search_mapping(pid, start, end, &s);
	for (size_t i = 0; !s.found && i < s.stranges; i++)
		threads[i].thread_pointer = s.strange[i];
	size_t found = s.found ? s.found : s.stranges;

	if (maps)
		fclose(maps);
	free(line);
	free(s.strange);
	return found;
}
