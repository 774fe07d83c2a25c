/* SPDX-License-Identifier: Apache-2.0 */
/* stacks.c - see stacks.h. */
#include "replay/stacks.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "base/grow.h"
#include "resolve/resolver.h"
#include "resolve/symbolize/merge-callsites.h"
#include "resolve/symbolize/names.h"

#define MAX_CHUNKS 4096 /* chunks of 128 bytes: limits the memory for a hostile `stack` line */
#define MAX_RETURNS 4
/* How many stacks are kept, those described last. A stack walked in the kernel has a new id each time. A
 * copied one is described again if it is still seen ten seconds later (probes/stack.bt), or a little after
 * that: so it is kept for LONG. Its words take much memory, and are kept only for WAIT until something asks
 * for them. */
#define KEPT 50000
#define WAIT UINT64_C(15000000000) /* ns */
#define LONG UINT64_C(60000000000)
#define MAX_WORDS (UINT64_C(128) << 20) /* bytes of all waiting words, including those that lines announce */
/* The 4 KiB that probes/parts/stacks.bt copies when there are too many stacks, and 256 bytes. */
#define REDUCED_CHUNKS 34
#define MAX_CHAIN 1024 /* frames, with inlined ones; the rest is dropped, and the stack is cut */

/* A described stack. It stays unresolved until something asks for its meaning. */
struct stack {
	uint64_t id;
	long tid; /* words of another thread's equal stack hold other addresses */
	uint64_t ip, sp, bp, lr;
	uint32_t chunks; /* in all */
	/* Those at the end, counted in chunks, which are not from sp up. */
	struct stack_part part[STACK_PARTS];
	unsigned parts;
	size_t words; /* from sp up; or, if `walked`, addresses leaf first */
	uint64_t *word;
	unsigned returns; /* slots whose words are replaced by others */
	uint64_t place[MAX_RETURNS], address[MAX_RETURNS];
	bool walked;		    /* walked in the kernel by frame pointers */
	uint64_t described;	    /* number of its latest description */
	const struct frame **frame; /* its frames, if it came resolved */
	size_t frames;
	bool whole;
	struct stack *as; /* came resolved, with this one's frames; that one is then `shared` */
	bool shared;	  /* never forgotten */
	const struct verdict
		*meaning; /* NULL until somebody asks for it, or for that of a stack with the same frames */
	const struct verdict *verdict; /* the same, when it was asked for this stack, and counted */
};

struct stacks {
	struct resolver *resolver;
	struct judge *judge;
	htab_t by_id;
	struct callsites *callsites;
	htab_t known;	    /* interned frames that came resolved: the judge compares frames by address */
	struct stack *walk; /* the `frames` line to which further addresses belong */
	struct description {
		uint64_t id, ns;
	} * recent;	  /* as they came, a ring of KEPT; NULL: all are kept */
	bool keep;	  /* all that have a verdict */
	uint64_t recents; /* ever */
	uint64_t dated;	  /* so many of these have a time: that of the event behind them */
	uint64_t bytes;	  /* of all words */
	uint64_t waiting; /* the first of these that has not waited for too long, */
	uint64_t young;	  /* and the first that is not to be forgotten, asked for or not */
	uint64_t count, cut;
	struct cut_why why;
	struct chain chain;
	const struct frame *frame[MAX_CHAIN];
};

static hashval_t hash_stack(const void *entry)
{
	const struct stack *s = entry;

	return (hashval_t)(s->id ^ s->id >> 32);
}

static int equal_stacks(const void *one, const void *two)
{
	const struct stack *a = one, *b = two;

	return a->id == b->id;
}

static void free_words(struct stacks *stacks, struct stack *s)
{
	stacks->bytes -= s->words * sizeof(*s->word);
	free(s->word);
	s->word = NULL;
	s->words = 0;
}

static void free_stack(void *entry)
{
	struct stack *s = entry;

	free(s->frame);
	free(s->word);
	free(s);
}

static hashval_t hash_frame(const void *entry)
{
	const struct frame *f = entry;

	return (hashval_t)(f->pc ^ f->pc >> 32) + f->line;
}

static int equal_frames(const void *one, const void *two)
{
	const struct frame *a = one, *b = two;

	return a->pc == b->pc && a->line == b->line && a->inlined == b->inlined && a->origin == b->origin &&
	       a->tail_call == b->tail_call && a->found == b->found && name_same(a->function, b->function) &&
	       name_same(a->name, b->name) && name_same(a->file, b->file);
}

static void free_frame(void *entry)
{
	struct frame *f = entry;

	free((char *)f->module);
	free((char *)f->name);
	free((char *)f->function);
	free((char *)f->generics);
	free((char *)f->file);
	free((char *)f->runtime_files);
	free(f);
}

struct stacks *stacks_new(struct resolver *resolver, struct judge *judge)
{
	struct stacks *stacks = xcalloc(1, sizeof(*stacks));

	stacks->resolver = resolver;
	stacks->judge = judge;
	stacks->by_id = htab_create(1024, hash_stack, equal_stacks, free_stack);
	stacks->callsites = callsites_new();
	stacks->known = htab_create(256, hash_frame, equal_frames, free_frame);
	return stacks;
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	htab_delete(stacks->by_id);
	callsites_free(stacks->callsites);
	htab_delete(stacks->known);
	free(stacks->recent);
	free(stacks);
}

static struct stack *find(struct stacks *stacks, uint64_t id, enum insert_option insert)
{
	struct stack key = {.id = id};
	void **slot = htab_find_slot(stacks->by_id, &key, insert);

	if (!slot && insert == INSERT)
		xmalloc_failed(sizeof(key));
	if (!slot)
		return NULL;
	if (!*slot) {
		*slot = xcalloc(1, sizeof(key));
		((struct stack *)*slot)->id = id;
	}
	return *slot;
}

/* Forgets the `which`th description, unless the stack was described again since; if `words`, only if it has
 * words that nothing has asked for. */
static void forget(struct stacks *stacks, uint64_t which, bool words)
{
	struct stack key = {.id = stacks->recent[which % KEPT].id};
	void **slot = htab_find_slot(stacks->by_id, &key, NO_INSERT);
	struct stack *s = slot ? *slot : NULL;

	if (!s || s->shared || s->described != which + 1 || (words && (s->meaning || s->walked || s->frames)))
		return;
	if (s == stacks->walk)
		stacks->walk = NULL;
	free_words(stacks, s);
	htab_clear_slot(stacks->by_id, slot);
}

/* Makes room for so many more bytes of words of `s`, by forgetting the stacks that have waited longest.
 * Returns whether there is room. */
static bool make_room(struct stacks *stacks, const struct stack *s, uint64_t bytes)
{
	uint64_t oldest = stacks->recents > KEPT ? stacks->recents - KEPT : 0;

	if (stacks->waiting < oldest)
		stacks->waiting = oldest;
	while (stacks->recent && stacks->bytes + bytes > MAX_WORDS && stacks->waiting < stacks->recents &&
	       s->described != stacks->waiting + 1)
		forget(stacks, stacks->waiting++, true);
	return stacks->bytes + bytes <= MAX_WORDS;
}

/* Makes room for the words of `chunk`. Returns where they begin; NULL if the stack has no such chunk, or
 * there is no room. */
static uint64_t *chunk_of(struct stacks *stacks, struct stack *s, uint64_t chunk)
{
	if (chunk >= s->chunks)
		return NULL;
	size_t end = (size_t)(chunk + 1) * WORDS_PER_LINE;

	if (end > s->words) {
		uint64_t more = (end - s->words) * sizeof(*s->word);

		if (!make_room(stacks, s, more))
			return NULL;
		stacks->bytes += more;
		s->word = xrealloc(s->word, end * sizeof(*s->word));
		memset(s->word + s->words, 0, (end - s->words) * sizeof(*s->word));
		s->words = end;
	}
	return s->word + end - WORDS_PER_LINE;
}

/* The id is a hash of the content: the same id adds nothing, but may fill gaps of lost lines. */
static void add_words(struct stacks *stacks, const struct event *e)
{
	struct stack *s = find(stacks, e->stack, NO_INSERT);

	if (!s || s->meaning || s->as || s->walked || e->tid != s->tid)
		return;
	uint64_t *word = chunk_of(stacks, s, e->chunk);

	if (word)
		memcpy(word, e->word, sizeof(e->word));
}

static void add_returns(struct stacks *stacks, const struct event *e)
{
	struct stack *s = find(stacks, e->stack, NO_INSERT);

	if (!s || s->meaning || e->tid != s->tid)
		return;
	s->returns = e->count < MAX_RETURNS ? (unsigned)e->count : MAX_RETURNS;
	for (unsigned i = 0; i < s->returns; i++) {
		s->place[i] = e->word[2 * i];
		s->address[i] = e->word[2 * i + 1];
	}
}

/* The word of the stack at `address`; NULL if it was not copied. */
static uint64_t *word_at(struct stacks *stacks, struct stack *s, uint64_t address)
{
	uint64_t chunks = s->chunks, first = 0, start = s->sp;

	for (unsigned i = 0; i < s->parts; i++)
		chunks -= s->part[i].words;
	for (unsigned i = 0;; i++) {
		uint64_t chunk = (address - start) / 8 / WORDS_PER_LINE;
		uint64_t *words = chunk < chunks && address % 8 == start % 8
					  ? chunk_of(stacks, s, first + chunk)
					  : NULL;

		if (words)
			return &words[(address - start) / 8 % WORDS_PER_LINE];
		if (i == s->parts)
			return NULL;
		first += chunks;
		chunks = s->part[i].words;
		start = s->part[i].start;
	}
}

/* Restores return addresses that a return probe's trampoline replaced. */
static void put_back_returns(struct stacks *stacks, struct stack *s)
{
	for (unsigned i = 0; i < s->returns; i++) {
		uint64_t *word = word_at(stacks, s, s->place[i]);

		if (word)
			*word = s->address[i];
	}
}

static void add_address(struct stacks *stacks, struct stack *s, uint64_t address)
{
	if (!s || s->words >= UNWIND_MAX_FRAMES || !make_room(stacks, s, sizeof(address)))
		return;
	stacks->bytes += sizeof(address);
	s->word = xrealloc(s->word, (s->words + 1) * sizeof(*s->word));
	s->word[s->words++] = address;
}

static const char *intern(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static const struct frame *known_frame(struct stacks *stacks, const struct frame *frame)
{
	void **slot = htab_find_slot(stacks->known, frame, INSERT);

	if (!*slot) {
		struct frame *f = xmemdup(frame, sizeof(*frame), sizeof(*frame));

		f->module = intern(frame->module);
		f->name = intern(frame->name);
		f->function = intern(frame->function);
		f->generics = intern(frame->generics);
		f->file = intern(frame->file);
		f->runtime_files = intern(frame->runtime_files);
		*slot = f;
	}
	return *slot;
}

static void add_frame(struct stacks *stacks, const struct event *e)
{
	struct stack *s = find(stacks, e->stack, INSERT);

	if (s->meaning || s->as || s->frames >= MAX_CHAIN)
		return;
	s->frame = xrealloc(s->frame, (s->frames + 1) * sizeof(*s->frame));
	s->frame[s->frames++] = known_frame(stacks, &e->frame);
	s->whole = e->whole;
}

/* Only of frames that came before: no stack leads back to itself. */
static void add_same(struct stacks *stacks, const struct event *e)
{
	struct stack *as = find(stacks, e->other.stack, NO_INSERT);

	if (!as || as->as || (!as->frames && !as->meaning))
		return;
	struct stack *s = find(stacks, e->stack, INSERT);

	if (s == as || s->meaning || s->frames || s->shared)
		return;
	s->as = as;
	as->shared = true;
}

/* It has just been described, and what was KEPT descriptions ago is forgotten. */
static void remember(struct stacks *stacks, struct stack *s)
{
	if (!stacks->recent)
		return;
	if (stacks->recents >= KEPT)
		forget(stacks, stacks->recents - KEPT, stacks->keep);
	stacks->recent[stacks->recents % KEPT] = (struct description){.id = s->id};
	s->described = ++stacks->recents;
}

/* Forgets what was described before `ns`, from *first on. */
static void forget_until(struct stacks *stacks, uint64_t *first, uint64_t oldest, uint64_t ns, bool words)
{
	if (*first < oldest)
		*first = oldest;
	while (*first < stacks->recents && stacks->recent[*first % KEPT].ns < ns)
		forget(stacks, (*first)++, words);
}

void stacks_forget_old(struct stacks *stacks, uint64_t now)
{
	if (!stacks->recent)
		stacks->recent = xcalloc(KEPT, sizeof(*stacks->recent));
	uint64_t oldest = stacks->recents > KEPT ? stacks->recents - KEPT : 0;

	if (stacks->dated < oldest)
		stacks->dated = oldest;
	for (; stacks->dated < stacks->recents; stacks->dated++)
		stacks->recent[stacks->dated % KEPT].ns = now;
	forget_until(stacks, &stacks->waiting, oldest, now > WAIT ? now - WAIT : 0, true);
	if (!stacks->keep)
		forget_until(stacks, &stacks->young, oldest, now > LONG ? now - LONG : 0, false);
}

void stacks_keep_meanings(struct stacks *stacks)
{
	stacks->keep = true;
}

void stacks_add(struct stacks *stacks, const struct event *e)
{
	struct stack *s;

	switch (e->kind) {
	case EVENT_STACK:
		s = find(stacks, e->stack, INSERT);
		remember(stacks, s);
		if (s->chunks || s->walked)
			break;
		s->tid = e->tid;
		s->ip = e->ip;
		s->sp = e->sp;
		s->bp = e->bp;
		s->lr = e->lr;
		s->chunks = e->chunks < MAX_CHUNKS ? e->chunks : MAX_CHUNKS;
		s->parts = e->chunks <= MAX_CHUNKS ? e->parts : 0;
		for (unsigned i = 0; i < s->parts; i++)
			s->part[i] = (struct stack_part){e->part[i].start, e->part[i].chunks};
		break;
	case EVENT_WORDS:
		add_words(stacks, e);
		break;
	case EVENT_RETURNS:
		add_returns(stacks, e);
		break;
	case EVENT_FRAMES:
		s = find(stacks, e->stack, INSERT);
		stacks->walk = s->words || s->chunks ? NULL : s;
		s->walked |= stacks->walk != NULL;
		remember(stacks, s);
		break;
	case EVENT_FRAME:
		add_frame(stacks, e);
		break;
	case EVENT_SAME:
		add_same(stacks, e);
		break;
	case EVENT_ADDRESS:
		add_address(stacks, stacks->walk, e->ip);
		break;
	default:
		break;
	}
}

static void unwind_stack(struct stacks *stacks, struct stack *s)
{
	struct chain *chain = &stacks->chain;

	if (!s->walked) {
		/* The last chunks have no line if nothing in them matters, but they are not missing. */
		if (s->chunks)
			chunk_of(stacks, s, s->chunks - 1);
		put_back_returns(stacks, s);
		struct raw_stack raw = {.ip = s->ip,
					.sp = s->sp,
					.bp = s->bp,
					.lr = s->lr,
					.word = s->word,
					.words = s->words};

		/* Otherwise there was no room for all. */
		raw.parts = s->words == (size_t)s->chunks * WORDS_PER_LINE ? s->parts : 0;
		for (unsigned i = 0; i < raw.parts; i++)
			raw.part[i] =
				(struct stack_part){s->part[i].start, s->part[i].words * WORDS_PER_LINE};

		resolver_unwind(stacks->resolver, &raw, chain);
		resolver_prefetch(stacks->resolver, chain->pc, chain->count);
		return;
	}
	chain->count = s->words;
	chain->too_few = chain->elsewhere = false;
	for (size_t i = 0; i < s->words; i++)
		chain->pc[i] = s->word[i] - (i > 0);
	resolver_insert_tail_calls(stacks->resolver, chain);
	resolver_prefetch(stacks->resolver, chain->pc, chain->count);
	chain->cut = s->words < 2 || !resolver_is_start(stacks->resolver, chain->pc[chain->count - 1]);
}

/* Unwinds a stack and resolves its frames into stacks->frame. Returns how many. */
static size_t resolve(struct stacks *stacks, struct stack *s, bool *cut)
{
	size_t count = 0;

	unwind_stack(stacks, s);
	*cut = stacks->chain.cut;
	for (size_t i = 0; i < stacks->chain.count; i++) {
		const struct frames *at = resolver_frames(stacks->resolver, stacks->chain.pc[i]);

		for (size_t j = 0; j < at->count; j++) {
			if (count == MAX_CHAIN)
				*cut = true;
			else
				stacks->frame[count++] = &at->frame[j];
		}
	}
	return count;
}

/* Finds out what a stack means, if its lines tell. */
static void find_meaning(struct stacks *stacks, struct stack *s)
{
	size_t count = 0;
	bool cut = !s->whole;

	if (s->meaning || (!s->frames && (s->walked ? !s->words : !s->ip)))
		return;
	if (s->frames) {
		for (; count < s->frames; count++)
			stacks->frame[count] = s->frame[count];
	} else {
		count = resolve(stacks, s, &cut);
	}
	/* What is written tells each address. */
	if (stacks->recent && !stacks->keep)
		callsites_unify(stacks->callsites, stacks->frame, count);
	s->meaning = judge_stack(stacks->judge, stacks->frame, count, cut);
	if (cut && !s->frames && !s->meaning->parked) {
		stacks->why.walked += s->walked;
		stacks->why.too_few += stacks->chain.too_few;
		stacks->why.reduced += stacks->chain.too_few && s->chunks <= REDUCED_CHUNKS;
		stacks->why.elsewhere += stacks->chain.elsewhere;
	}
	free_words(stacks, s);
	free(s->frame);
	s->frame = NULL;
	s->frames = 0;
}

const struct verdict *stacks_verdict(struct stacks *stacks, uint64_t id)
{
	struct stack *s = id ? find(stacks, id, NO_INSERT) : NULL;

	if (!s || s->verdict)
		return s ? s->verdict : NULL;
	find_meaning(stacks, s->as ? s->as : s);
	s->verdict = s->meaning = s->as ? s->as->meaning : s->meaning;
	if (!s->verdict)
		return NULL;
	stacks->count++;
	stacks->cut += s->verdict->cut && !s->verdict->parked;
	return s->verdict;
}

/* The stacks whose frames have been written, by their verdicts' ids. */
struct written {
	FILE *out;
	uint64_t *stack;
	size_t size;
};

static int write_stack(void **slot, void *argument)
{
	const struct stack *s = *slot;
	struct written *w = argument;
	const struct verdict *v = s->verdict;

	if (!v)
		return 1;
	if (w->size <= v->id) {
		size_t had = w->size;

		GROW(w->stack, w->size, (size_t)v->id + 1);
		memset(w->stack + had, 0, (w->size - had) * sizeof(*w->stack));
	}
	if (w->stack[v->id]) {
		event_write(
			w->out,
			&(struct event){.kind = EVENT_SAME, .stack = s->id, .other.stack = w->stack[v->id]});
		return 1;
	}
	w->stack[v->id] = s->id;
	for (size_t i = 0; i < v->count; i++)
		event_write(w->out, &(struct event){.kind = EVENT_FRAME,
						    .stack = s->id,
						    .whole = !v->cut,
						    .frame = *v->frame[i]});
	return 1;
}

void stacks_write(struct stacks *stacks, FILE *out)
{
	struct written w = {.out = out};

	htab_traverse_noresize(stacks->by_id, write_stack, &w);
	free(w.stack);
}

/* How many frames have a name of the program's, and how many have none. */
struct naming {
	size_t named, nameless;
};

static int count_names(void **slot, void *argument)
{
	struct naming *names = argument;
	const struct verdict *v = ((const struct stack *)*slot)->verdict;

	for (size_t i = 0; v && i < v->count; i++) {
		names->nameless += !v->frame[i]->function;
		names->named += v->frame[i]->function && v->frame[i]->origin != ORIGIN_SYSTEM;
	}
	return 1;
}

bool stacks_nameless(struct stacks *stacks)
{
	struct naming names = {0};

	htab_traverse_noresize(stacks->by_id, count_names, &names);
	return names.nameless && !names.named;
}

uint64_t stacks_count(const struct stacks *stacks)
{
	return stacks->count;
}

uint64_t stacks_cut(const struct stacks *stacks)
{
	return stacks->cut;
}

struct cut_why stacks_cut_why(const struct stacks *stacks)
{
	return stacks->why;
}
