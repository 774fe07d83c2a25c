/* stacks.c - see stacks.h. */
#include "stacks.h"

#include <stdlib.h>
#include <string.h>

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>

#include "space.h"
#include "symbolize.h"
#include "unwind.h"

#define MAX_CHUNKS 4096 /* of 128 bytes: what a hostile `stack` line may ask memory for */
#define MAX_CHAIN 1024	/* frames with inlined ones; further ones are dropped and the stack is cut */

/* One described stack. It is kept as it came until somebody asks what it means. */
struct stack {
	uint64_t id;
	long tid; /* another thread's words of the same stack have other addresses in them */
	uint64_t ip, sp, bp;
	uint32_t chunks;
	size_t words; /* from sp up, or, when `walked`, addresses leaf first */
	uint64_t *word;
	bool walked; /* by the kernel's frame pointer walk */
	const struct verdict *verdict;
};

struct stacks {
	struct space *space;
	struct symbolizer *symbolizer;
	struct judge *judge;
	struct unwinder *unwinder;
	htab_t by_id;
	struct stack *walk; /* the `frames` line whose addresses follow */
	uint64_t count, cut;
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

static void free_stack(void *entry)
{
	struct stack *s = entry;

	free(s->word);
	free(s);
}

struct stacks *stacks_new(struct space *space, struct symbolizer *symbolizer, struct judge *judge)
{
	struct stacks *stacks = xcalloc(1, sizeof(*stacks));

	stacks->space = space;
	stacks->symbolizer = symbolizer;
	stacks->judge = judge;
	stacks->unwinder = unwinder_new(space);
	stacks->by_id = htab_create(1024, hash_stack, equal_stacks, free_stack);
	return stacks;
}

void stacks_free(struct stacks *stacks)
{
	if (!stacks)
		return;
	unwinder_free(stacks->unwinder);
	htab_delete(stacks->by_id);
	free(stacks);
}

static struct stack *find(struct stacks *stacks, uint64_t id, enum insert_option insert)
{
	struct stack key = {.id = id};
	void **slot = htab_find_slot(stacks->by_id, &key, insert);

	if (!slot)
		return NULL;
	if (!*slot) {
		*slot = xcalloc(1, sizeof(key));
		((struct stack *)*slot)->id = id;
	}
	return *slot;
}

/* An id is a hash of a stack's contents: the same id again says nothing new, but may fill gaps that lost lines left. */
static void add_words(struct stacks *stacks, const struct event *e)
{
	struct stack *s = find(stacks, e->stack, NO_INSERT);

	if (!s || s->verdict || s->walked || e->tid != s->tid || e->chunk >= s->chunks)
		return;
	size_t end = (size_t)(e->chunk + 1) * WORDS_PER_LINE;

	if (end > s->words) {
		s->word = xrealloc(s->word, end * sizeof(*s->word));
		memset(s->word + s->words, 0, (end - s->words) * sizeof(*s->word));
		s->words = end;
	}
	memcpy(s->word + end - WORDS_PER_LINE, e->word, sizeof(e->word));
}

static void add_address(struct stack *s, uint64_t address)
{
	if (!s || s->words >= UNWIND_MAX_FRAMES)
		return;
	s->word = xrealloc(s->word, (s->words + 1) * sizeof(*s->word));
	s->word[s->words++] = address;
}

void stacks_add(struct stacks *stacks, const struct event *e)
{
	struct stack *s;

	switch (e->kind) {
	case EVENT_STACK:
		s = find(stacks, e->stack, INSERT);
		if (s->chunks || s->walked)
			break;
		s->tid = e->tid;
		s->ip = e->ip;
		s->sp = e->sp;
		s->bp = e->bp;
		s->chunks = e->chunks < MAX_CHUNKS ? e->chunks : MAX_CHUNKS;
		break;
	case EVENT_WORDS:
		add_words(stacks, e);
		break;
	case EVENT_FRAMES:
		s = find(stacks, e->stack, INSERT);
		stacks->walk = s->words || s->chunks ? NULL : s;
		s->walked |= stacks->walk != NULL;
		break;
	case EVENT_ADDRESS:
		add_address(stacks->walk, e->ip);
		break;
	default:
		break;
	}
}

static void unwind_stack(struct stacks *stacks, const struct stack *s)
{
	struct chain *chain = &stacks->chain;

	if (!s->walked) {
		struct raw_stack raw = {
			.ip = s->ip, .sp = s->sp, .bp = s->bp, .word = s->word, .words = s->words};

		unwind(stacks->unwinder, &raw, chain);
		return;
	}
	chain->count = s->words;
	chain->cut = true;
	for (size_t i = 0; i < s->words; i++)
		chain->pc[i] = s->word[i] - (i > 0);
}

const struct verdict *stacks_verdict(struct stacks *stacks, uint64_t id)
{
	struct stack *s = id ? find(stacks, id, NO_INSERT) : NULL;

	if (!s || s->verdict || (s->walked && !s->words) || (!s->walked && !s->ip))
		return s ? s->verdict : NULL;
	unwind_stack(stacks, s);
	size_t count = 0;
	bool cut = stacks->chain.cut;

	for (size_t i = 0; i < stacks->chain.count; i++) {
		const struct frames *at = symbolize(stacks->symbolizer, stacks->chain.pc[i]);

		for (size_t j = 0; j < at->count; j++) {
			if (count == MAX_CHAIN)
				cut = true;
			else
				stacks->frame[count++] = &at->frame[j];
		}
	}
	s->verdict = judge_stack(stacks->judge, stacks->frame, count, cut);
	stacks->count++;
	stacks->cut += cut && !s->verdict->parked;
	free(s->word);
	s->word = NULL;
	s->words = 0;
	return s->verdict;
}

uint64_t stacks_count(const struct stacks *stacks)
{
	return stacks->count;
}

uint64_t stacks_cut(const struct stacks *stacks)
{
	return stacks->cut;
}
