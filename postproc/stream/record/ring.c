/* SPDX-License-Identifier: Apache-2.0 */
/* ring.c - see ring.h. */
#include "stream/record/ring.h"

#include <inttypes.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "stream/line-kinds.h"

/* ns. Probes describe a copied stack again if ten seconds have passed, which they check every ten seconds. A
 * stack walked in the kernel comes with each of its events. */
#define COPIED_AGAIN 11000000000u
#define WALKED_AGAIN 1000000000u
#define HEAD_LIMIT (16u << 20) /* bytes of a head that are kept */

/* A `named` or `gone` line that is not dropped yet. */
struct change {
	uint64_t ns;
	long tid;
	char *comm; /* NULL: it is gone */
};

/* What the dropped lines last said about a thread. */
struct known {
	long tid;
	char *comm; /* NULL: it is gone, but in the head */
};

struct ring {
	char *head;
	size_t head_size;
	bool head_done, copied;
	uint64_t limited; /* time of `end NS limit`; 0: not yet */
	struct change *change;
	size_t changes, allocated;
	htab_t threads;
};

static hashval_t hash_known(const void *entry)
{
	return (hashval_t)((const struct known *)entry)->tid;
}

static int equal_known(const void *a, const void *b)
{
	return ((const struct known *)a)->tid == ((const struct known *)b)->tid;
}

static void free_known(void *entry)
{
	free(((struct known *)entry)->comm);
	free(entry);
}

struct ring *ring_new(void)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	r->threads = htab_create(64, hash_known, equal_known, free_known);
	return r;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->changes; i++)
		free(r->change[i].comm);
	free(r->change);
	free(r->head);
	htab_delete(r->threads);
	free(r);
}

static size_t line_length(const char *line, size_t size)
{
	const char *end = memchr(line, '\n', size);

	return end ? (size_t)(end - line) + 1 : size;
}

size_t ring_head(struct ring *r, const char *lines, size_t size)
{
	size_t at = 0;

	if (r->head_done)
		return 0;
	while (at < size && !r->head_done) {
		size_t length = line_length(lines + at, size - at);

		r->head_done =
			r->head_size + at + length > HEAD_LIMIT || !line_is(lines + at, length, LINE_HEAD);
		at += r->head_done ? 0 : length;
	}
	r->head = xrealloc(r->head, r->head_size + at + 1);
	memcpy(r->head + r->head_size, lines, at);
	r->head_size += at;
	r->head[r->head_size] = '\0';
	r->copied = strstr(r->head, "\nmeta stacks copied") != NULL;
	return at;
}

static void add_change(struct ring *r, const char *line, size_t length, bool gone)
{
	const char *comm = gone ? NULL : line_field(line, length, "COMM");

	GROW(r->change, r->allocated, r->changes + 1);
	r->change[r->changes++] = (struct change){
		.ns = line_time(line, length),
		.tid = (long)line_number(line, length, "TID"),
		.comm = gone ? NULL : xstrndup(comm ? comm : "", comm ? (size_t)(line + length - comm) : 0)};
	if (!gone)
		r->change[r->changes - 1].comm[strcspn(r->change[r->changes - 1].comm, "\n")] = '\0';
}

uint64_t ring_add(struct ring *r, const char *lines, size_t size)
{
	uint64_t newest = 0;

	for (size_t at = 0, length; at < size; at += length) {
		const char *line = lines + at;

		length = line_length(line, size - at);
		const struct line_kind *kind = line_kind_of(line, length);
		uint64_t ns = kind ? line_time(line, length) : 0;

		newest = ns > newest ? ns : newest;
		if (kind && kind->kind == EVENT_END && length > 7 &&
		    !memcmp(line + length - 7, " limit\n", 7))
			r->limited = ns;
		if (kind && (kind->kind == EVENT_NAMED || kind->kind == EVENT_GONE))
			add_change(r, line, length, kind->kind == EVENT_GONE);
	}
	return newest;
}

uint64_t ring_stacks_from(const struct ring *r, uint64_t start)
{
	uint64_t again = r->copied ? COPIED_AGAIN : WALKED_AGAIN;

	return start > again ? start - again : 0;
}

/* Is the thread in the head? */
static bool in_head(const struct ring *r, long tid)
{
	char line[40];

	sprintf(line, "\nthread %ld ", tid);
	return strstr(r->head, line) != NULL;
}

/* Updates the known threads by the lines that are about to be dropped. */
void ring_forget(struct ring *r, uint64_t start)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->changes; i++) {
		struct change c = r->change[i];
		struct known key = {.tid = c.tid};
		void **slot;

		if (c.ns > start) {
			r->change[kept++] = c;
			continue;
		}
		slot = htab_find_slot(r->threads, &key, INSERT);
		if (!*slot) {
			*slot = xcalloc(1, sizeof(key));
			((struct known *)*slot)->tid = c.tid;
		}
		free(((struct known *)*slot)->comm);
		((struct known *)*slot)->comm = c.comm;
		if (!c.comm && !in_head(r, c.tid))
			htab_clear_slot(r->threads, slot);
	}
	r->changes = kept;
}

/* Writes the head without threads that are gone. */
static void write_head(const struct ring *r, FILE *out)
{
	for (size_t at = 0, length; at < r->head_size; at += length) {
		const char *line = r->head + at;

		length = line_length(line, r->head_size - at);
		const struct line_kind *kind = line_kind_of(line, length);

		if (kind && kind->kind == EVENT_THREAD) {
			struct known key = {.tid = (long)line_number(line, length, "TID")}, *known;

			known = htab_find(r->threads, &key);
			if (known && !known->comm)
				continue;
		}
		fwrite(line, 1, length, out);
	}
}

struct start {
	FILE *out;
	uint64_t ns;
};

/* A thread that was renamed keeps its line in the head, which has its role. */
static int write_known(void **slot, void *argument)
{
	const struct known *known = *slot;
	const struct start *start = argument;

	/* The name is escaped already. */
	if (known->comm)
		fprintf(start->out, "named %" PRIu64 " %ld %s\n", start->ns, known->tid, known->comm);
	return 1;
}

void ring_start(struct ring *r, uint64_t start, FILE *out)
{
	ring_forget(r, start);
	write_head(r, out);
	fprintf(out, "begin %" PRIu64 "\n", start);
	if (r->limited && r->limited <= start)
		fprintf(out, "end %" PRIu64 " limit\nbegin %" PRIu64 "\n", start, start);
	htab_traverse_noresize(r->threads, write_known, &(struct start){.out = out, .ns = start});
}

bool ring_is_stack(const char *line, bool *frames)
{
	size_t size = strlen(line);
	const struct line_kind *kind;

	if (*frames &&
	    (line[0] == ' ' || line[0] == '\t' || (size > 1 && strspn(line, "0123456789abcdef") == size - 1)))
		return true;
	kind = line_kind_of(line, size);
	*frames = kind && kind->kind == EVENT_FRAMES;
	return kind && (kind->use & LINE_STACK);
}
