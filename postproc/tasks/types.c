/* SPDX-License-Identifier: Apache-2.0 */
/* types.c - see types.h. */
#include "tasks/types.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "resolve/symbolize/frame.h"
#include "resolve/symbolize/names.h"
#include "resolve/symbolize/symbolize.h"
#include "target/memory.h"

/* A vtable: seven functions, then three offsets (raw.rs); a fourth with tokio_unstable. */
enum { FUNCTIONS = 7, TRAILER = 7, SCHEDULER, ID, SPAWNED, WORDS };

#define HEADER_BYTES 32
#define CELL_MAX ((uint64_t)1 << 28)   /* bytes of a task */
#define ALIGN_MAX 4096u		       /* of its future: the scheduler's offset is that at most */
#define DATA_MAX ((uint64_t)256 << 20) /* bytes of constants that are searched in all */
#define TYPES_MAX 100000

struct search {
	struct memory *memory;
	struct task_types *types;
	size_t room, spawned; /* spawned: how many have a fourth offset */
};

static bool is_code(const struct search *s, uint64_t address)
{
	const struct memory_area *area = memory_area_at(s->memory, address);

	return area && area->executable;
}

static bool has_shape(const struct search *s, const uint64_t *word)
{
	uint64_t scheduler = word[SCHEDULER], id = word[ID], trailer = word[TRAILER];

	if (scheduler < HEADER_BYTES || scheduler > ALIGN_MAX || scheduler % 8 || id < scheduler ||
	    id - scheduler > 64 || id % 8 || trailer <= id || trailer > CELL_MAX || trailer % 8)
		return false;
	for (int i = 0; i < FUNCTIONS; i++)
		if (!is_code(s, word[i]))
			return false;
	return true;
}

static void visit(void *context, uint64_t address, const uint64_t *word, size_t words)
{
	struct search *s = context;
	struct task_types *types = s->types;

	for (size_t i = 0; i + ID < words && types->count < TYPES_MAX; i++) {
		const uint64_t *w = word + i;

		if (!has_shape(s, w))
			continue;
		GROW(types->type, s->room, types->count + 1);
		types->type[types->count++] = (struct task_type){.vtable = address + 8 * i,
								 .poll = w[0],
								 .schedule = w[1],
								 .scheduler = w[SCHEDULER],
								 .id = w[ID],
								 .trailer = w[TRAILER],
								 .blocking = w[ID] - w[SCHEDULER] != 8};
		s->spawned += i + SPAWNED < words && w[SPAWNED] > w[ID] && w[SPAWNED] - w[ID] <= 8 &&
			      w[SPAWNED] < w[TRAILER];
		i += ID;
	}
}

static void index_types(struct task_types *types)
{
	if (!types->count)
		return;
	types->low = types->type[0].vtable;
	types->high = types->type[types->count - 1].vtable + 8;
	types->words = xcalloc((size_t)((types->high - types->low) / 64 + 1), 1);
	for (size_t i = 0; i < types->count; i++) {
		uint64_t word = (types->type[i].vtable - types->low) / 8;

		types->words[word / 8] |= (unsigned char)(1u << word % 8);
	}
}

/* Constants with addresses in them are in data that the loader has relocated, and that may be protected since:
 * mapped from a file, private, not code. */
static bool may_hold_types(const struct memory_area *area)
{
	return area->readable && !area->executable && !area->shared && *area->path == '/';
}

void task_types_find(struct memory *memory, struct task_types *types)
{
	struct search search = {.memory = memory, .types = types};
	uint64_t left = DATA_MAX;

	*types = (struct task_types){0};
	for (size_t i = 0; i < memory->count; i++)
		if (may_hold_types(&memory->area[i]))
			left -= memory_visit(memory, &memory->area[i], left, visit, &search);
	/* A library may be far from the program. */
	while (types->count && types->type[types->count - 1].vtable - types->type[0].vtable > DATA_MAX * 8)
		types->count--;
	types->unstable = types->count && search.spawned == types->count;
	index_types(types);
}

void task_types_free(struct task_types *types)
{
	for (size_t i = 0; i < types->count; i++)
		free(types->type[i].future);
	free(types->type);
	free(types->words);
}

struct task_type *task_types_at(const struct task_types *types, uint64_t address)
{
	return &types->type[FIRST_BEYOND(types->type, types->count, vtable, address) - 1];
}

/* The generic arguments of the function at `address`: from debug info, or a v0 name. NULL: not known. */
static const char *arguments_of(struct symbolizer *symbolizer, uint64_t address, size_t *length)
{
	const struct frames *frames = symbolize(symbolizer, address);
	const struct frame *f = &frames->frame[frames->count - 1];

	*length = f->generics ? strlen(f->generics) : 0;
	return f->generics || !f->function ? f->generics : name_arguments(f->function, length);
}

static bool begins(const char *text, size_t length, const char *with)
{
	return length >= strlen(with) && !memcmp(text, with, strlen(with));
}

static bool has(const char *text, size_t length, const char *part)
{
	return memmem(text, length, part, strlen(part)) != NULL;
}

/* How long the first argument is that a list of `length` bytes, cut off its opening bracket, begins with. */
static size_t first_argument(const char *types, size_t length)
{
	size_t depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (types[i] == '<')
			depth++;
		else if (types[i] == '>' && (!i || types[i - 1] != '-') && !depth--)
			return i;
	}
	return length;
}

void task_type_name(struct symbolizer *symbolizer, struct task_type *type)
{
	static const char job[] = "tokio::runtime::blocking::task::BlockingTask<";
	size_t length;
	const char *types = arguments_of(symbolizer, type->poll, &length);

	if (types && begins(types, length, job)) {
		types += strlen(job);
		length = first_argument(types, length - strlen(job));
		type->blocking = true;
		type->worker = begins(types, length, "tokio::runtime::scheduler::multi_thread::worker::");
	}
	if (types)
		type->future = name_future(types, length);
	types = arguments_of(symbolizer, type->schedule, &length);
	if (!types)
		return;
	if (has(types, length, "multi_thread"))
		type->flavour = "multi-thread";
	else if (has(types, length, "current_thread"))
		type->flavour = "current-thread";
	else if (has(types, length, "tokio::task::local::"))
		type->flavour = "local-set";
}
