/* SPDX-License-Identifier: Apache-2.0 */
/* jitmap.c - see jitmap.h. */
#include "resolve/symbolize/jitmap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <libiberty/libiberty.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "resolve/symbolize/names.h"
#include "sandbox/opener.h"

#define FILE_LIMIT ((off_t)64 << 20) /* bytes that are read, from the end */
#define LINES_LIMIT (1u << 20)
#define SEARCH_LIMIT 64 /* earlier functions that are checked: new code may replace old code */

struct code {
	uint64_t start, size;
	size_t line; /* if several cover an address, the latest is right */
	const char *name;
};

struct jitmap {
	long pid;
	char *text;
	struct code *code; /* sorted by start, then line */
	size_t count;
	off_t size; /* of the file when it was read */
	time_t asked;
};

struct jitmap *jitmap_new(long pid)
{
	struct jitmap *j = xcalloc(1, sizeof(*j));

	j->pid = pid;
	return j;
}

void jitmap_free(struct jitmap *j)
{
	if (!j)
		return;
	free(j->text);
	free(j->code);
	free(j);
}

static int by_start(const void *one, const void *two)
{
	const struct code *a = one, *b = two;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* Some programs write 0x before the numbers. Returns what follows the number and a space, or NULL. */
static char *parse_hex(char *at, uint64_t *number)
{
	char *end;

	*number = strtoull(at, &end, 16);
	return end > at && *end == ' ' ? end + 1 : NULL;
}

static void parse(struct jitmap *j, size_t length)
{
	size_t allocated = 0;
	char *next;

	j->count = 0;
	for (char *at = j->text; at < j->text + length && j->count < LINES_LIMIT; at = next) {
		struct code code = {.line = j->count};

		next = at + strcspn(at, "\n");
		if (*next == '\n')
			*next++ = 0;
		else if (next < j->text + length)
			next++;
		at = parse_hex(at, &code.start);
		at = at ? parse_hex(at, &code.size) : NULL;
		if (!at || !*at || code.size == 0 || code.start + code.size < code.start)
			continue;
		if (strlen(at) >= NAME_LIMIT)
			at[NAME_LIMIT - 1] = 0;
		code.name = at;
		GROW(j->code, allocated, j->count + 1);
		j->code[j->count++] = code;
	}
	if (j->count)
		qsort(j->code, j->count, sizeof(*j->code), by_start);
}

/* Reads the file if it has changed. */
static void read_map(struct jitmap *j)
{
	char *path = xasprintf("/proc/%ld/root/tmp/perf-%ld.map", j->pid, j->pid);
	int fd = opener_open(path);
	struct stat st;

	free(path);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size != j->size) {
		off_t from = st.st_size > FILE_LIMIT ? st.st_size - FILE_LIMIT : 0;
		size_t length = 0, size = (size_t)(st.st_size - from);
		ssize_t got;

		j->size = st.st_size;
		j->text = xrealloc(j->text, size + 1);
		while (length < size &&
		       (got = pread(fd, j->text + length, size - length, from + (off_t)length)) > 0)
			length += (size_t)got;
		j->text[length] = 0;
		parse(j, length);
	}
	close(fd);
}

static const struct code *code_at(const struct jitmap *j, uint64_t pc)
{
	size_t low = FIRST_BEYOND(j->code, j->count, start, pc);
	const struct code *found = NULL;

	for (size_t i = low; i > 0 && low - i < SEARCH_LIMIT; i--) {
		const struct code *c = &j->code[i - 1];

		if (pc - c->start < c->size && (!found || c->line > found->line))
			found = c;
	}
	return found;
}

const char *jitmap_find(struct jitmap *j, uint64_t pc, uint64_t *start)
{
	const struct code *code = code_at(j, pc);
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!code && j->pid > 0 && (j->asked == 0 || now.tv_sec > j->asked)) {
		j->asked = now.tv_sec;
		read_map(j);
		code = code_at(j, pc);
	}
	if (code)
		*start = code->start;
	return code ? code->name : NULL;
}
