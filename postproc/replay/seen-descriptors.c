/* SPDX-License-Identifier: Apache-2.0 */
/* seen-descriptors.c - see seen-descriptors.h. */
#include "replay/seen-descriptors.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 1024 /* the latest lines that are kept */
#define FUNCTIONS 4096

struct seen {
	uint64_t ns;
	long tid, syscall, number;
	enum descriptor kind;
};

/* What the calls of a function used. */
struct known {
	const struct frame *function; /* the blamed one */
	struct seen seen;
};

struct seen_descriptors {
	struct seen seen[KEPT];
	size_t count; /* how many ever */
	htab_t known;
};

static hashval_t hash_known(const void *entry)
{
	const struct known *k = entry;
	hashval_t hash = k->function->name ? htab_hash_string(k->function->name) : (hashval_t)k->function->pc;

	return hash ^ (hashval_t)k->seen.syscall;
}

static int equal_known(const void *one, const void *two)
{
	const struct known *a = one, *b = two;

	return a->seen.syscall == b->seen.syscall && judge_same_function(a->function, b->function);
}

struct seen_descriptors *seen_descriptors_new(void)
{
	struct seen_descriptors *s = xcalloc(1, sizeof(*s));

	s->known = htab_create(61, hash_known, equal_known, free);
	return s;
}

void seen_descriptors_free(struct seen_descriptors *s)
{
	if (!s)
		return;
	htab_delete(s->known);
	free(s);
}

/* What descriptor `number` was when last seen. */
static enum descriptor kind_of(const struct seen_descriptors *s, long number)
{
	for (size_t i = s->count; i > 0 && s->count - i < KEPT; i--)
		if (s->seen[(i - 1) % KEPT].number == number)
			return s->seen[(i - 1) % KEPT].kind;
	return DESCRIPTOR_UNKNOWN;
}

/* Of these calls the probes tell only those that were given no descriptors. */
static bool is_poll(const char *syscall)
{
	static const char *const polls[] = {"poll", "ppoll", "select", "pselect6"};

	for (size_t i = 0; syscall && i < ARRAY_SIZE(polls); i++)
		if (!strcmp(syscall, polls[i]))
			return true;
	return false;
}

void seen_descriptors_add(struct seen_descriptors *s, const struct event *e, const char *syscall)
{
	enum descriptor kind = (enum descriptor)e->descriptor.kind;

	if (is_poll(syscall) || (e->text && !strcmp(e->text, "anon_inode:[timerfd]")))
		kind = DESCRIPTOR_NONE;
	/* The probes know its number, and `hud-postproc monitor` its kind. */
	if (kind == DESCRIPTOR_UNKNOWN)
		kind = kind_of(s, e->descriptor.number);
	if (kind == DESCRIPTOR_UNKNOWN)
		return;
	s->seen[s->count++ % KEPT] = (struct seen){.ns = e->ns,
						   .tid = e->tid,
						   .syscall = e->syscall,
						   .number = e->descriptor.number,
						   .kind = kind};
}

/* What was seen during this sleep; NULL if nobody looked. */
static const struct seen *during(const struct seen_descriptors *s, const struct event *e)
{
	for (size_t i = s->count; i > 0 && s->count - i < KEPT; i--) {
		const struct seen *seen = &s->seen[(i - 1) % KEPT];

		if (seen->tid == e->tid && seen->syscall == e->syscall && seen->ns <= e->ns &&
		    seen->ns + e->asleep + e->run_queue >= e->ns)
			return seen;
	}
	return NULL;
}

void seen_descriptors_find(struct seen_descriptors *s, const struct event *e, const struct verdict *stack,
			   struct asleep *asleep)
{
	const struct seen *seen = during(s, e);

	if (stack && stack->count) {
		struct known key = {.function = stack->frame[stack->blame], .seen.syscall = e->syscall};
		struct known *known = htab_find(s->known, &key);

		if (seen && !known && htab_elements(s->known) < FUNCTIONS) {
			known = xmemdup(&key, sizeof(key), sizeof(key));
			*htab_find_slot(s->known, &key, INSERT) = known;
		}
		if (seen && known)
			known->seen = *seen;
		else if (known)
			seen = &known->seen;
	}
	if (!seen)
		return;
	asleep->descriptor = seen->kind;
	asleep->number = seen->number;
}
