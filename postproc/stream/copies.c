/* SPDX-License-Identifier: Apache-2.0 */
/* copies.c - see copies.h. */
#include "stream/copies.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arch.h"
#include "base/grow.h"
#include "stream/fields.h"
#include "stream/line-kinds.h"
#include "stream/stack-words.h"

/* A word within this distance above sp (or within the copy) may be a pointer into the stack. */
#define NEAR (256u << 10)
#define COPY_BLOCK 256 /* bytes: copies are made of such aligned blocks; mappings end at a block, too */
#define MAX_RETURNS 4
#define AGAIN_MS 10000 /* readers forget stacks: after this time a stack is described again */
#define HOLD_MS 500    /* how long an event waits for its stack's line, which may be lost */
#define TORN_MS 1000   /* how often overwritten stacks are reported */
#define KNOWN 65536    /* how many copies, and described stacks, are remembered */

/* A copy that was described, and the id of its stack. */
struct told {
	uint64_t copy, id;
};

/* A stack that was described. */
struct described {
	uint64_t id;
	int64_t when;
};

/* Original return addresses, where another tool's return probes have replaced them. */
struct returned {
	uint64_t copy;
	unsigned count;
	uint64_t slot[MAX_RETURNS], address[MAX_RETURNS];
};

struct held {
	char *line;
	int64_t since;
};

struct copies {
	FILE *out;
	struct code_bounds code;
	uint64_t address_bits; /* of a word, if it is a return address */
	copies_read *read;
	void *data;
	htab_t told;		 /* by copy */
	struct told ring[KNOWN]; /* the same in order of arrival */
	uint64_t tolds;		 /* how many ever */
	htab_t described;	 /* by id */
	struct returned returned;
	struct held *held;
	size_t helds, room;
	uint64_t torn; /* not reported yet */
	int64_t torn_said;
	uint64_t words[COPY_MAX / sizeof(uint64_t)];
};

static hashval_t hash_number(uint64_t n)
{
	n *= UINT64_C(0x9e3779b97f4a7c15);
	return (hashval_t)(n >> 32);
}

static hashval_t hash_told(const void *entry)
{
	return hash_number(((const struct told *)entry)->copy);
}

static int equal_told(const void *one, const void *two)
{
	return ((const struct told *)one)->copy == ((const struct told *)two)->copy;
}

static hashval_t hash_described(const void *entry)
{
	return hash_number(((const struct described *)entry)->id);
}

static int equal_described(const void *one, const void *two)
{
	return ((const struct described *)one)->id == ((const struct described *)two)->id;
}

struct copies *copies_new(FILE *out, const struct code_bounds *code, copies_read *read, void *data)
{
	struct copies *copies = xcalloc(1, sizeof(*copies));

	copies->out = out;
	copies->code = *code;
	copies->address_bits =
		arch_address_bits(arch_host(), code->end[0] > code->end[1] ? code->end[0] : code->end[1]);
	copies->read = read;
	copies->data = data;
	copies->told = htab_create(1024, hash_told, equal_told, NULL);
	copies->described = htab_create(1024, hash_described, equal_described, free);
	return copies;
}

void copies_free(struct copies *copies)
{
	if (!copies)
		return;
	htab_delete(copies->told);
	htab_delete(copies->described);
	for (size_t i = 0; i < copies->helds; i++)
		free(copies->held[i].line);
	free(copies->held);
	free(copies);
}

/* --- which words matter --- */

/* A copied stack of `count` words: those from `sp` up, then those of its parts. */
struct stack_copy {
	uint64_t sp;
	size_t count;
	struct stack_part part[STACK_PARTS];
	unsigned parts;
};

static bool is_code(const struct copies *copies, uint64_t word)
{
	const struct code_bounds *code = &copies->code;

	word &= copies->address_bits;
	return word - code->start[0] < code->end[0] - code->start[0] ||
	       word - code->start[1] < code->end[1] - code->start[1];
}

/* Does the word point into the stack? */
static bool is_near(const struct stack_copy *s, uint64_t word)
{
	uint64_t size = s->count * sizeof(word), near = size > NEAR ? size : NEAR;

	if (word - s->sp < near)
		return true;
	for (unsigned i = 0; i < s->parts; i++)
		if (word - s->part[i].start < s->part[i].words * sizeof(word))
			return true;
	return false;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

/* Clears the words of a copied stack that cannot matter. Returns a hash of the code addresses and their
 * positions. */
static uint64_t filter(const struct copies *copies, const struct stack_copy *s, uint64_t *word)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < s->count; i++) {
		if (is_code(copies, word[i]))
			hash = mix(mix(hash, i), word[i]);
		else if (!is_near(s, word[i]))
			word[i] = 0;
	}
	return hash;
}

/* --- lines about stacks --- */

static void remember(struct copies *copies, uint64_t copy, uint64_t id)
{
	struct told *told = &copies->ring[copies->tolds++ % KNOWN];
	void **slot;

	/* It may still belong to the copy in this slot. */
	slot = told->copy ? htab_find_slot(copies->told, told, NO_INSERT) : NULL;
	if (slot && *slot == told)
		htab_clear_slot(copies->told, slot);
	*told = (struct told){copy, id};
	slot = htab_find_slot(copies->told, told, INSERT);
	if (!slot)
		xmalloc_failed(sizeof(*told));
	*slot = told;
}

/* Must the stack be described? */
static bool is_news(struct copies *copies, uint64_t id, int64_t now)
{
	struct described key = {id, now}, *entry;
	void **slot;

	if (htab_elements(copies->described) >= KNOWN)
		htab_empty(copies->described);
	slot = htab_find_slot(copies->described, &key, INSERT);
	if (!slot)
		xmalloc_failed(sizeof(key));
	entry = *slot;
	if (entry && now - entry->when < AGAIN_MS)
		return false;
	if (!entry)
		*slot = entry = xmalloc(sizeof(*entry));
	*entry = key;
	return true;
}

/* The replaced return addresses of a copy; NULL if there are none. */
static const struct returned *returned_of(const struct copies *copies, uint64_t copy)
{
	return copies->returned.count && copies->returned.copy == copy ? &copies->returned : NULL;
}

static void write_returned(FILE *out, uint64_t id, long tid, const struct returned *returned)
{
	struct event e = {.kind = EVENT_RETURNS, .stack = id, .tid = tid, .count = MAX_RETURNS};

	for (unsigned i = 0; i < MAX_RETURNS; i++) {
		e.word[2 * i] = returned->slot[i];
		e.word[2 * i + 1] = returned->address[i];
	}
	event_write(out, &e);
}

/* Where the bytes of a copy are from: `near` from the start of sp's block, `window` from each of `windows`
 * (which repeats `rest` where there is nothing to copy), the others from `rest`. */
struct origin_of_copy {
	size_t near, window;
	uint64_t windows[STACK_PARTS - 1], rest;
};

static void add_part(struct stack_copy *s, uint64_t start, size_t bytes)
{
	if (bytes < sizeof(uint64_t))
		return;
	s->part[s->parts++] = (struct stack_part){start, bytes / sizeof(uint64_t)};
	s->count += bytes / sizeof(uint64_t);
}

/* Arranges the words of a copy, of which `there` bytes could be read: drops those before sp, and, if other
 * parts follow, those behind the last whole chunk. */
static void arrange(uint64_t *words, size_t there, const struct origin_of_copy *from, struct stack_copy *s)
{
	size_t skip = s->sp % COPY_BLOCK, near = from->near < there ? from->near : there, left = there - near;
	char *bytes = (char *)words;

	near = near > skip ? near - skip : 0;
	if (left)
		near -= near % (WORDS_PER_LINE * sizeof(*words));
	memmove(bytes, bytes + skip, near);
	memmove(bytes + near, bytes + there - left, left);
	s->count = near / sizeof(*words);
	for (size_t i = 0; i < STACK_PARTS - 1 && from->window && left >= from->window;
	     i++, left -= from->window) {
		char *here = bytes + s->count * sizeof(*words);

		if (from->windows[i] != from->rest)
			add_part(s, from->windows[i], from->window);
		else
			memmove(here, here + from->window, left - from->window);
	}
	add_part(s, from->rest, left);
}

/* copied COPY TID IP SP BP BYTES [NEAR REST WINDOW START... [LR]] */
static void parse_copied(struct copies *copies, struct fields *c, int64_t now)
{
	uint64_t copy = field_hex(c);
	long tid = field_id(c);
	uint64_t ip = field_hex(c), sp = field_hex(c), bp = field_hex(c);
	size_t bytes = (size_t)field_decimal(c, COPY_MAX), there;
	struct origin_of_copy from = {.near = bytes};
	struct stack_copy s = {.sp = sp, .parts = 0};
	uint64_t lr = 0;
	const struct returned *returned = returned_of(copies, copy);
	bool cleared = false;

	if (c->p && c->p != c->end) {
		from.near = (size_t)field_decimal(c, COPY_MAX);
		from.rest = field_hex(c);
		from.window = (size_t)field_decimal(c, COPY_MAX);
		for (size_t i = 0; i < STACK_PARTS - 1; i++)
			from.windows[i] = field_hex(c);
		if (c->p && c->p != c->end)
			lr = field_hex(c);
	}
	if (c->bad)
		return;
	there = bytes ? copies->read(copies->data, copy, bytes, copies->words, &cleared) : 0;
	copies->torn += there < bytes && !cleared;
	arrange(copies->words, there, &from, &s);
	uint64_t id = mix(filter(copies, &s, copies->words), ip);

	if (lr)
		id = mix(id, lr);
	for (unsigned i = 0; returned && i < MAX_RETURNS; i++)
		id = mix(id, returned->address[i]);
	id += !id;
	remember(copies, copy, id);
	if (!is_news(copies, id, now))
		return;
	struct event e = {.kind = EVENT_STACK,
			  .stack = id,
			  .tid = tid,
			  .ip = ip,
			  .sp = sp,
			  .bp = bp,
			  .lr = lr,
			  .chunks = stack_chunks(s.count),
			  .parts = s.parts};

	for (unsigned i = 0; i < s.parts; i++) {
		e.part[i].start = s.part[i].start;
		e.part[i].chunks = stack_chunks(s.part[i].words);
	}
	event_write(copies->out, &e);
	if (returned)
		write_returned(copies->out, id, tid, returned);
	stack_words_write(copies->out, id, tid, copies->words, s.count);
}

/* returned COPY SLOT ADDRESS..., before the line of that copy */
static void parse_returned(struct copies *copies, struct fields *c)
{
	struct returned *r = &copies->returned;

	r->copy = field_hex(c);
	for (unsigned i = 0; i < MAX_RETURNS; i++) {
		r->slot[i] = field_hex(c);
		r->address[i] = field_hex(c);
	}
	r->count = c->bad ? 0 : MAX_RETURNS;
}

/* --- events --- */

/* Finds the stack that the field at `text` names. Returns false if it is a copy that is not known. The id of
 * a stack that bpftrace walked is a time, and lower than any copy's number. */
static bool name_stack(const struct copies *copies, const char *text, uint64_t *id)
{
	struct told key = {.copy = strtoull(text, NULL, 16)};
	const struct told *told;

	*id = key.copy;
	if (key.copy >> 63 == 0)
		return true;
	told = htab_find(copies->told, &key);
	*id = told ? told->id : 0;
	return told != NULL;
}

/* Finds the fields of a line that name stacks, in this order. Returns how many. */
static size_t stack_fields(const char *line, size_t length, const char *at[2])
{
	static const char *const names[] = {"STACK", "WSTACK", "CSTACK"};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names) && count < 2; i++) {
		at[count] = line_field(line, length, names[i]);
		count += at[count] != NULL;
	}
	return count;
}

/* Writes a line with the ids of its stacks. If one is not known, returns false and writes nothing; if it is
 * `late`, writes the line without that stack. */
static bool write_event(const struct copies *copies, const char *line, size_t length, bool late)
{
	const char *at[2], *end = line + length;
	uint64_t id[2];
	size_t count = stack_fields(line, length, at);

	for (size_t i = 0; i < count; i++)
		if (!name_stack(copies, at[i], &id[i]) && !late)
			return false;
	for (size_t i = 0; i < count; i++) {
		fprintf(copies->out, "%.*s%llx", (int)(at[i] - line), line, (unsigned long long)id[i]);
		line = at[i] + strcspn(at[i], " ");
	}
	fwrite(line, 1, (size_t)(end - line), copies->out);
	putc('\n', copies->out);
	return true;
}

static void hold(struct copies *copies, const char *line, int64_t now)
{
	GROW(copies->held, copies->room, copies->helds + 1);
	copies->held[copies->helds++] = (struct held){xstrdup(line), now};
}

/* Writes the events whose stacks are known now. */
static void release(struct copies *copies, int64_t now, bool all)
{
	size_t left = 0;

	for (size_t i = 0; i < copies->helds; i++) {
		struct held *held = &copies->held[i];

		if (write_event(copies, held->line, strlen(held->line), all || now - held->since >= HOLD_MS))
			free(held->line);
		else
			copies->held[left++] = *held;
	}
	copies->helds = left;
}

static bool begins(const char *line, const char *word)
{
	return !strncmp(line, word, strlen(word));
}

void copies_line(struct copies *copies, char *line, size_t length, int64_t now)
{
	struct fields c = {line, line + length, false};
	size_t kind;

	if (begins(line, "copied ")) {
		field_word(&c, &kind);
		parse_copied(copies, &c, now);
		release(copies, now, false);
	} else if (begins(line, "returned ")) {
		field_word(&c, &kind);
		parse_returned(copies, &c);
	} else if (!write_event(copies, line, length, false)) {
		hold(copies, line, now);
	}
}

void copies_expire(struct copies *copies, int64_t now, bool end)
{
	struct timespec t;

	release(copies, now, end);
	if (!copies->torn || (!end && now - copies->torn_said < TORN_MS))
		return;
	clock_gettime(CLOCK_BOOTTIME, &t);
	event_write(copies->out, &(struct event){.kind = EVENT_TORN,
						 .ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec,
						 .count = copies->torn});
	copies->torn = 0;
	copies->torn_said = now;
}

bool copies_pending(const struct copies *copies)
{
	return copies->helds || copies->torn;
}
