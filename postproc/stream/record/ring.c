/* ring.c - see ring.h. */
#include "stream/record/ring.h"

#include <inttypes.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

/* The probes print a stack again when ten seconds have passed since they forgot it, and look at that once in ten seconds'
 * time. A stack that the kernel walked comes with each of its events. ns. */
#define COPIED_AGAIN 11000000000u
#define WALKED_AGAIN 1000000000u
#define HEAD_LIMIT (16u << 20) /* of a head that is kept */

/* A `named` or `gone` line that is not dropped yet. */
struct change {
	uint64_t ns;
	long tid;
	char *comm; /* NULL: gone */
};

/* What the dropped lines said of a thread last. */
struct known {
	long tid;
	char *comm; /* NULL: gone, and the head has it */
};

struct ring {
	char *head;
	size_t head_size;
	bool head_done, copied;
	uint64_t limited; /* when `end NS limit` came, 0: not yet */
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

static bool begins(const char *line, size_t size, const char *kind)
{
	size_t length = strlen(kind);

	return size > length && !memcmp(line, kind, length) && line[length] == ' ';
}

static size_t line_length(const char *line, size_t size)
{
	const char *end = memchr(line, '\n', size);

	return end ? (size_t)(end - line) + 1 : size;
}

bool ring_is_head(const char *line, size_t size)
{
	static const char *const kinds[] = {"hud-trace", "meta", "map", "thread", "tokio", "site", "frame"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (begins(line, size, kinds[i]))
			return true;
	return false;
}

size_t ring_head(struct ring *r, const char *lines, size_t size)
{
	size_t at = 0;

	if (r->head_done)
		return 0;
	while (at < size && !r->head_done) {
		size_t length = line_length(lines + at, size - at);

		r->head_done = r->head_size + at + length > HEAD_LIMIT || !ring_is_head(lines + at, length);
		at += r->head_done ? 0 : length;
	}
	r->head = xrealloc(r->head, r->head_size + at + 1);
	memcpy(r->head + r->head_size, lines, at);
	r->head_size += at;
	r->head[r->head_size] = '\0';
	r->copied = strstr(r->head, "\nmeta stacks copied") != NULL;
	return at;
}

/* The decimal number in the field behind a space. */
static uint64_t field(const char *line, const char *end, const char **next)
{
	const char *space = memchr(line, ' ', (size_t)(end - line));
	uint64_t n = 0;

	for (line = space ? space + 1 : end; line < end && *line >= '0' && *line <= '9'; line++)
		n = n * 10 + (uint64_t)(*line - '0');
	*next = line;
	return n;
}

static void add_change(struct ring *r, const char *line, const char *end, bool gone)
{
	const char *at;
	uint64_t ns = field(line, end, &at);
	long tid = (long)field(at, end, &at);

	if (r->changes == r->allocated) {
		r->allocated = 2 * r->allocated + 16;
		r->change = xrealloc(r->change, r->allocated * sizeof(*r->change));
	}
	r->change[r->changes++] = (struct change){
		.ns = ns, .tid = tid, .comm = gone ? NULL : xstrndup(at + (at < end), (size_t)(end - at))};
	if (!gone)
		r->change[r->changes - 1].comm[strcspn(r->change[r->changes - 1].comm, "\n")] = '\0';
}

uint64_t ring_see(struct ring *r, const char *lines, size_t size)
{
	static const char *const timed[] = {"sample",  "sleep",	    "runq",    "poll",	     "begin",
					    "end",     "limit",	    "counted", "thin",	     "torn",
					    "strange", "throttled", "steal",   "descriptor", "parked"};
	uint64_t newest = 0;

	for (size_t at = 0, length; at < size; at += length) {
		const char *line = lines + at, *next;
		bool gone, named;

		length = line_length(line, size - at);
		gone = begins(line, length, "gone");
		named = begins(line, length, "named");
		bool has_time = gone || named;

		for (size_t i = 0; i < ARRAY_SIZE(timed) && !has_time; i++)
			has_time = begins(line, length, timed[i]);
		if (!has_time)
			continue;
		uint64_t ns = field(line, line + length, &next);

		newest = ns > newest ? ns : newest;
		if (begins(line, length, "end") && length > 7 && !memcmp(line + length - 7, " limit\n", 7))
			r->limited = ns;
		if (gone || named)
			add_change(r, line, line + length, gone);
	}
	return newest;
}

uint64_t ring_stacks_from(const struct ring *r, uint64_t start)
{
	uint64_t again = r->copied ? COPIED_AGAIN : WALKED_AGAIN;

	return start > again ? start - again : 0;
}

/* Is there a line for it in the head? */
static bool in_head(const struct ring *r, long tid)
{
	char line[40];

	sprintf(line, "\nthread %ld ", tid);
	return strstr(r->head, line) != NULL;
}

/* Adds to what is known of the threads what is about to be dropped. */
static void drop_changes(struct ring *r, uint64_t start)
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

/* The head, without the threads that are gone. */
static void write_head(const struct ring *r, FILE *out)
{
	for (size_t at = 0, length; at < r->head_size; at += length) {
		const char *line = r->head + at, *next;

		length = line_length(line, r->head_size - at);
		if (begins(line, length, "thread")) {
			struct known key = {.tid = (long)field(line, line + length, &next)}, *known;

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

/* A thread of the head that has another name now keeps its line there: that holds its role. */
static int write_thread(void **slot, void *argument)
{
	const struct known *known = *slot;
	const struct start *start = argument;

	if (known->comm)
		fprintf(start->out, "named %" PRIu64 " %ld %s\n", start->ns, known->tid, known->comm);
	return 1;
}

void ring_start(struct ring *r, uint64_t start, FILE *out)
{
	drop_changes(r, start);
	write_head(r, out);
	fprintf(out, "begin %" PRIu64 "\n", start);
	if (r->limited && r->limited <= start)
		fprintf(out, "end %" PRIu64 " limit\nbegin %" PRIu64 "\n", start, start);
	htab_traverse_noresize(r->threads, write_thread, &(struct start){.out = out, .ns = start});
}

bool ring_is_stack(const char *line, bool *frames)
{
	size_t size = strlen(line);
	bool address = *frames && (line[0] == ' ' || line[0] == '\t' ||
				   (size > 1 && strspn(line, "0123456789abcdef") == size - 1));

	if (address)
		return true;
	*frames = begins(line, size, "frames");
	return *frames || begins(line, size, "stack") || begins(line, size, "words") ||
	       begins(line, size, "returns") || begins(line, size, "frame");
}
