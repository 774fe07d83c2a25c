/* SPDX-License-Identifier: Apache-2.0 */
/* player.c - see player.h. */
#include "live/player.h"

#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "stream/line-kinds.h"

#define BUFFER 65536

struct live_player {
	FILE *in;
	bool at_end;
	int error;
	bool in_line;	   /* part of the current line has been returned */
	bool peeked;	   /* `next` is known */
	uint64_t next;	   /* the time of the next line */
	size_t at, filled; /* positions in `bytes` */
	char bytes[BUFFER];
};

struct live_player *live_player_new(FILE *in)
{
	struct live_player *p = xcalloc(1, sizeof(*p));

	p->in = in;
	return p;
}

void live_player_free(struct live_player *p)
{
	if (!p)
		return;
	fclose(p->in);
	free(p);
}

/* Reads more bytes behind those in the buffer. */
static void fill(struct live_player *p)
{
	memmove(p->bytes, p->bytes + p->at, p->filled - p->at);
	p->filled -= p->at;
	p->at = 0;
	size_t got = fread(p->bytes + p->filled, 1, BUFFER - p->filled, p->in);

	p->filled += got;
	if (got == 0) {
		p->at_end = true;
		p->error = ferror(p->in) ? errno : 0;
	}
}

/* Where the line at `at` ends, or the buffer does: a line longer than the buffer is returned in parts. */
static size_t line_end(struct live_player *p)
{
	for (;;) {
		const char *end = memchr(p->bytes + p->at, '\n', p->filled - p->at);

		if (end)
			return (size_t)(end - p->bytes) + 1;
		if (p->at_end || p->filled - p->at == BUFFER)
			return p->filled;
		fill(p);
	}
}

/* Finds the time of the next line, if `at` is at its beginning. */
static void peek(struct live_player *p)
{
	size_t end = line_end(p);

	if (!p->peeked && !p->in_line)
		p->next = line_time(p->bytes + p->at, end - p->at);
	p->peeked = true;
}

uint64_t live_player_next(const struct live_player *p)
{
	return p->peeked ? p->next : 0;
}

ssize_t live_player_take(struct live_player *p, char *to, size_t size, uint64_t until, bool *end)
{
	size_t given = 0;

	*end = false;
	while (given < size) {
		if (p->at == p->filled && !p->at_end)
			fill(p);
		if (p->at == p->filled) {
			*end = given == 0;
			errno = p->error;
			return given ? (ssize_t)given : p->error ? -1 : 0;
		}
		peek(p);
		if (!p->in_line && p->next > until)
			break;
		size_t stop = line_end(p), length = stop - p->at;

		if (length > size - given)
			length = size - given;
		memcpy(to + given, p->bytes + p->at, length);
		given += length;
		p->at += length;
		p->in_line = p->bytes[p->at - 1] != '\n';
		p->peeked = false;
	}
	return (ssize_t)given;
}
