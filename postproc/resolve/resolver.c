/* SPDX-License-Identifier: Apache-2.0 */
/* resolver.c - see resolver.h. This is the side that asks; resolver-server.c answers, in a process of its
 * own. */
#include "resolve/resolver.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "resolve/elf/address-space.h"
#include "resolve/resolver-process.h"
#include "resolve/resolver-server.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/names.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/tailcalls.h"

#define SECONDS 60 /* of real time: it may be stopped, and debuginfod may take 30 */
#define DEATHS 8   /* then there are no more names */

/* A module with a problem. */
struct lacking {
	char *path, *why;
	bool unread;
};

/* An address and its frames. */
struct entry {
	uint64_t pc;
	bool start, start_known;
	const struct frames *frames;
};

struct resolver {
	struct space *space;
	struct symbolizer *symbolizer;
	struct unwinder *unwinder;
	struct tailcalls *tailcalls;
	struct resolver_options options;
	htab_t entries, strings;
	struct arena *memory; /* of both */
	struct lacking *lacking;
	size_t lackings;
	char **reasons; /* texts that the address space points to */
	unsigned deaths;
	struct resolver_process process;
};

static hashval_t hash_entry(const void *entry)
{
	return (hashval_t)((((const struct entry *)entry)->pc * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static int same_entry(const void *a, const void *b)
{
	return ((const struct entry *)a)->pc == ((const struct entry *)b)->pc;
}

struct resolver *resolver_new(struct space *space, const struct arch *arch,
			      const struct resolver_options *options)
{
	struct resolver *r = xcalloc(1, sizeof(*r));

	r->space = space;
	r->options = *options;
	r->symbolizer = symbolizer_new(space);
	r->unwinder = unwinder_new(space, arch);
	r->tailcalls = tailcalls_new(space, arch);
	if (!r->options.confine)
		return r;
	r->entries = htab_create_alloc(1021, hash_entry, same_entry, NULL, xcalloc, free);
	r->strings = htab_create_alloc(1021, name_hash, htab_eq_string, NULL, xcalloc, free);
	r->memory = arena_new();
	resolver_process_init(&r->process, r->options.seconds ? r->options.seconds : SECONDS);
	return r;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	if (r->options.confine)
		resolver_process_destroy(&r->process);
	symbolizer_free(r->symbolizer);
	unwinder_free(r->unwinder);
	tailcalls_free(r->tailcalls);
	if (r->options.confine) {
		htab_delete(r->entries);
		htab_delete(r->strings);
		arena_free(r->memory);
	}
	for (size_t i = 0; i < r->lackings; i++) {
		free(r->lacking[i].path);
		free(r->lacking[i].why);
	}
	free(r->lacking);
	for (unsigned i = 0; r->reasons && i < r->deaths; i++)
		free(r->reasons[i]);
	free(r->reasons);
	free(r);
}

pid_t resolver_pid(const struct resolver *r)
{
	return r->process.pid;
}

unsigned resolver_deaths(const struct resolver *r)
{
	return r->deaths;
}

/* --- problems of modules --- */

/* `why` may be "". */
static void note(struct resolver *r, const char *path, const char *why, bool unread)
{
	size_t i = 0;

	while (i < r->lackings && strcmp(r->lacking[i].path, path) != 0)
		i++;
	if (i == r->lackings) {
		if (i == LACKINGS_KEPT)
			return;
		r->lacking = xrealloc(r->lacking, (i + 1) * sizeof(*r->lacking));
		r->lacking[r->lackings++] = (struct lacking){.path = xstrdup(path)};
	}
	free(r->lacking[i].why);
	r->lacking[i].why = *why ? xstrdup(why) : NULL;
	r->lacking[i].unread = unread;
}

const char *resolver_lacking(struct resolver *r, size_t index, const char **why, bool *unread)
{
	if (r->options.confine) {
		*why = index < r->lackings ? r->lacking[index].why : NULL;
		*unread = index < r->lackings && r->lacking[index].unread;
		return index < r->lackings ? r->lacking[index].path : NULL;
	}
	const struct module *module = space_opened(r->space, index);

	*why = module ? module->problem : NULL;
	*unread = module && !module->dwfl;
	return module ? module->path : NULL;
}

/* --- the process that answers --- */

/* The process has died, or must be killed. Returns whether to try another one. */
static bool reap(struct resolver *r, bool late)
{
	const char *what = resolver_process_end(&r->process, late);
	uint64_t touched = *r->process.touched;
	const struct mapping *at = touched ? space_mapping(r->space, touched) : NULL;
	char *why = at ? xasprintf("reading it %s; no names from it since then", what)
		       : xasprintf("the resolver process %s, and was restarted", what);

	r->reasons = xrealloc(r->reasons, (r->deaths + 1) * sizeof(*r->reasons));
	r->reasons[r->deaths++] = why;
	if (at)
		space_give_up(r->space, at->path, why);
	note(r, at ? at->path : "names", why, false);
	*r->process.touched = 0;
	if (r->deaths == DEATHS)
		note(r, "names", "the process that finds names died too often, and was not started again",
		     false);
	return r->deaths < DEATHS;
}

static bool start(struct resolver *r)
{
	return resolver_process_start(&r->process, &(struct resolver_server){.confine = r->options.confine,
									     .space = r->space,
									     .symbolizer = r->symbolizer,
									     .unwinder = r->unwinder,
									     .tailcalls = r->tailcalls});
}

/* Asks until a process answers. Returns false if none does. */
static bool ask(struct resolver *r, const struct question *question, const void *more, size_t more_size,
		size_t *size)
{
	while (r->deaths < DEATHS) {
		if (!r->process.pid && !start(r))
			return false;
		enum resolver_outcome outcome =
			resolver_process_ask(&r->process, question, more, more_size, size);

		if (outcome == RESOLVER_ANSWERED)
			return true;
		if (!reap(r, outcome == RESOLVER_LATE))
			break;
	}
	return false;
}

/* --- answers: hostile --- */

struct reader {
	const char *at, *end;
};

static bool read_bytes(struct reader *reader, void *to, size_t size)
{
	if ((size_t)(reader->end - reader->at) < size)
		return false;
	memcpy(to, reader->at, size);
	reader->at += size;
	return true;
}

static const char *intern(struct resolver *r, const char *text)
{
	void **slot = htab_find_slot(r->strings, text, INSERT);

	if (!*slot)
		*slot = arena_copy(r->memory, text, strlen(text));
	return *slot;
}

/* A text, interned; the single byte 1 stands for NULL. Returns false if there is none. */
static bool read_text(struct resolver *r, struct reader *reader, const char **text)
{
	const char *end = memchr(reader->at, 0, (size_t)(reader->end - reader->at));

	if (!end)
		return false;
	*text = strcmp(reader->at, NO_TEXT) != 0 ? intern(r, reader->at) : NULL;
	reader->at = end + 1;
	return true;
}

/* The problems at the end of each answer. */
static void read_lackings(struct resolver *r, struct reader *reader)
{
	const char *path, *why, *unread;

	while (read_text(r, reader, &path) && read_text(r, reader, &why) && read_text(r, reader, &unread))
		if (path)
			note(r, path, why ? why : "", unread != NULL);
}

static bool read_frame(struct resolver *r, struct reader *reader, uint64_t pc, struct frame *frame)
{
	struct plain_frame plain;
	const char *module;

	if (!read_bytes(reader, &plain, sizeof(plain)) || plain.origin > ORIGIN_SYSTEM)
		return false;
	*frame = (struct frame){.pc = chain_address(pc),
				.line = plain.line,
				.declared = plain.declared,
				.offset = plain.offset,
				.origin = (enum origin)plain.origin,
				.inlined = plain.inlined != 0,
				.tail_call = plain.tail_call != 0,
				.found = plain.found != 0};
	if (!read_text(r, reader, &module) || !read_text(r, reader, &frame->function) ||
	    !read_text(r, reader, &frame->name) || !read_text(r, reader, &frame->generics) ||
	    !read_text(r, reader, &frame->file) || !read_text(r, reader, &frame->runtime_files))
		return false;
	frame->module = module ? module : "[anon]";
	return true;
}

static struct frames *new_frames(struct resolver *r, size_t count)
{
	struct frames *frames = arena_alloc(r->memory, sizeof(*frames) + count * sizeof(struct frame));

	frames->count = count;
	return frames;
}

/* Reads the frames of an address. Returns NULL if they are incomplete. */
static const struct frames *read_frames(struct resolver *r, struct reader *reader, uint64_t pc,
					struct plain_frames *plain)
{
	if (!read_bytes(reader, plain, sizeof(*plain)) || plain->count < 1 || plain->count > FRAMES_LIMIT)
		return NULL;
	struct frames *frames = new_frames(r, plain->count);

	for (size_t i = 0; i < plain->count; i++)
		if (!read_frame(r, reader, pc, &frames->frame[i]))
			return NULL;
	return frames;
}

/* The frame of an address that could not be resolved. */
static const struct frames *nameless(struct resolver *r, uint64_t pc)
{
	bool tail_call = chain_tail_call(pc), found = chain_found(pc);

	pc = chain_address(pc);
	const struct mapping *at = space_mapping(r->space, pc);
	struct frames *frames = new_frames(r, 1);

	frames->frame[0] = (struct frame){.pc = pc,
					  .module = at && *at->path ? intern(r, at->path) : "[anon]",
					  .offset = at && *at->path ? pc - at->start + at->offset : pc,
					  .tail_call = tail_call,
					  .found = found};
	return frames;
}

static struct entry *entry_of(struct resolver *r, uint64_t pc)
{
	struct entry wanted = {.pc = pc}, *entry;
	void **slot = htab_find_slot(r->entries, &wanted, INSERT);

	if (*slot)
		return *slot;
	*slot = entry = arena_alloc(r->memory, sizeof(*entry));
	*entry = wanted;
	return entry;
}

/* Asks for the frames of these addresses, and stores them. */
static void fetch(struct resolver *r, const uint64_t *pc, size_t count)
{
	struct question question = {.kind = ASK_FRAMES, .more = count * sizeof(*pc)};
	struct plain_answered answered;
	size_t size;

	if (!ask(r, &question, pc, count * sizeof(*pc), &size))
		return;
	struct reader reader = {r->process.answer, r->process.answer + size};

	if (!read_bytes(&reader, &answered, sizeof(answered)) || answered.count > count)
		return;
	for (size_t i = 0; i < answered.count; i++) {
		struct plain_frames plain;
		const struct frames *frames = read_frames(r, &reader, pc[i], &plain);

		if (!frames)
			return;
		struct entry *entry = entry_of(r, pc[i]);

		if (!entry->frames)
			entry->frames = frames;
		if (plain.start_known) {
			entry->start = plain.start != 0;
			entry->start_known = true;
		}
	}
	read_lackings(r, &reader);
}

static bool ask_start(struct resolver *r, uint64_t pc)
{
	struct question question = {.kind = ASK_START, .more = sizeof(pc)};
	struct plain_start plain;
	size_t size;

	if (!ask(r, &question, &pc, sizeof(pc), &size))
		return false;
	struct reader reader = {r->process.answer, r->process.answer + size};

	if (!read_bytes(&reader, &plain, sizeof(plain)))
		return false;
	read_lackings(r, &reader);
	return plain.start != 0;
}

/* Reads the addresses of a chain. Returns false, and leaves the chain as it was, if they are incomplete. */
static bool read_chain(struct resolver *r, size_t size, struct plain_chain *plain, struct chain *chain)
{
	struct reader reader = {r->process.answer, r->process.answer + size};

	if (!read_bytes(&reader, plain, sizeof(*plain)) || plain->count == 0 ||
	    plain->count > UNWIND_MAX_FRAMES ||
	    !read_bytes(&reader, chain->pc, plain->count * sizeof(*chain->pc)))
		return false;
	chain->count = plain->count;
	read_lackings(r, &reader);
	return true;
}

/* --- questions --- */

void resolver_map(struct resolver *r, const struct mapping *mapping)
{
	size_t path = strlen(mapping->path) + 1, id = strlen(mapping->build_id) + 1, size;

	space_add(r->space, mapping);
	/* A process that starts later will know it. */
	if (!r->process.pid)
		return;
	char *texts = xmalloc(path + id);

	memcpy(texts, mapping->path, path);
	memcpy(texts + path, mapping->build_id, id);
	struct question question = {.kind = ASK_MAP,
				    .map = {mapping->start, mapping->end, mapping->offset},
				    .executable = mapping->executable,
				    .more = path + id};
	enum resolver_outcome outcome =
		path + id <= MORE_LIMIT
			? resolver_process_ask(&r->process, &question, texts, path + id, &size)
			: RESOLVER_ANSWERED;

	if (outcome != RESOLVER_ANSWERED)
		reap(r, outcome == RESOLVER_LATE);
	free(texts);
}

void resolver_unwind(struct resolver *r, const struct raw_stack *stack, struct chain *chain)
{
	size_t words = stack->words * sizeof(*stack->word), size;
	struct plain_chain plain;

	if (!r->options.confine) {
		unwind(r->unwinder, stack, chain);
		tailcalls_insert(r->tailcalls, chain);
		return;
	}
	struct question question = {
		.kind = ASK_CHAIN, .stack = {stack->ip, stack->sp, stack->bp, stack->lr}, .more = words};

	for (unsigned i = 0; i < stack->parts; i++) {
		question.stack[4 + 2 * i] = stack->part[i].start;
		question.stack[5 + 2 * i] = stack->part[i].words;
	}
	if (words <= MORE_LIMIT && ask(r, &question, stack->word, words, &size) &&
	    read_chain(r, size, &plain, chain)) {
		chain->cut = plain.cut != 0;
		chain->too_few = plain.too_few != 0;
		chain->elsewhere = plain.elsewhere != 0;
		return;
	}
	chain->count = 1;
	chain->cut = true;
	chain->too_few = chain->elsewhere = false;
	chain->pc[0] = stack->ip;
}

void resolver_insert_tail_calls(struct resolver *r, struct chain *chain)
{
	struct question question = {.kind = ASK_WALKED, .more = chain->count * sizeof(*chain->pc)};
	struct plain_chain plain;
	size_t size;

	if (!r->options.confine)
		tailcalls_insert(r->tailcalls, chain);
	else if (ask(r, &question, chain->pc, question.more, &size))
		read_chain(r, size, &plain, chain);
}

const struct frames *resolver_frames(struct resolver *r, uint64_t pc)
{
	if (!r->options.confine)
		return symbolize(r->symbolizer, pc);
	struct entry *entry = entry_of(r, pc);

	if (!entry->frames)
		fetch(r, &pc, 1);
	if (!entry->frames)
		entry->frames = nameless(r, pc);
	return entry->frames;
}

void resolver_prefetch(struct resolver *r, const uint64_t *pc, size_t count)
{
	uint64_t unknown[UNWIND_MAX_FRAMES];
	size_t unknowns = 0;

	for (size_t i = 0; r->options.confine && i < count && unknowns < UNWIND_MAX_FRAMES; i++)
		if (!entry_of(r, pc[i])->frames)
			unknown[unknowns++] = pc[i];
	if (unknowns > 0)
		fetch(r, unknown, unknowns);
}

bool resolver_is_start(struct resolver *r, uint64_t pc)
{
	if (!r->options.confine)
		return unwind_is_start(r->unwinder, pc);
	struct entry *entry = entry_of(r, pc);

	if (!entry->start_known)
		entry->start = ask_start(r, pc);
	entry->start_known = true;
	return entry->start;
}
