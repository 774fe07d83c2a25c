/* SPDX-License-Identifier: Apache-2.0 */
/* awaits.c - see awaits.h. Layouts are from the sources of Tokio 1.24.2, 1.43.1 and 1.53.2. */
#include "awaits/awaits.h"

#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "awaits/block-on.h"
#include "awaits/chain.h"
#include "awaits/coroutine.h"
#include "awaits/future-index.h"
#include "awaits/type.h"
#include "awaits/value.h"
#include "base/arena.h"
#include "resolve/elf/address-space.h"
#include "resolve/symbolize/names.h"

/* Bits of a header's state. */
enum { STATE_RUNNING = 1, STATE_COMPLETE = 2 };

#define POLLS 16		/* functions merged into one that are told apart */
#define ROOTS_LIMIT 1000000u	/* vtables that are remembered */
#define OFFSET_LIMIT (1u << 30) /* of anything in a task */

/* A module whose tasks were seen. */
struct source {
	struct module *module;
	struct future_index *index;
	struct types *types;
	struct source *next;
};

/* What all tasks with one vtable have in common. */
struct root {
	uint64_t vtable;
	enum await_status status; /* AWAIT_SUSPENDED: its tasks have chains */
	struct source *source;
	struct type *type;  /* T; NULL: unknown */
	struct type *stage; /* enum Stage<T> */
	uint64_t offset;    /* of the stage, from the header */
	const char *future; /* T's name for people; NULL: unknown */
	uint64_t size;
};

struct awaits {
	struct space *space;
	struct source *sources;
	htab_t roots;
	struct arena *memory; /* of roots */
	struct peek peek;
};

/* --- modules --- */

static struct source *source_at(struct awaits *awaits, uint64_t address)
{
	struct module *module = space_module(awaits->space, address);
	struct source *source;

	if (!module)
		return NULL;
	for (source = awaits->sources; source; source = source->next)
		if (source->module == module)
			return source;
	source = xcalloc(1, sizeof(*source));
	source->module = module;
	source->index = future_index_new(module);
	source->types = types_new(source->index, module);
	source->next = awaits->sources;
	awaits->sources = source;
	return source;
}

const char *awaits_problem(struct awaits *awaits, uint64_t address)
{
	struct source *source = source_at(awaits, address);

	if (!source)
		return "its code is not in a file";
	if (!future_index_complete(source->index))
		return "its debug info takes too long to read";
	if (future_index_has_types(source->index))
		return NULL;
	return future_index_has_polls(source->index)
		       ? "its debug info has lines but no types: build with debug = 2"
		       : "it has no debug info of its tasks: build with debug = 2";
}

/* --- what a vtable tells --- */

/* Vtable { poll, schedule, dealloc, try_read_output, drop_join_handle_slow, drop_abort_handle, shutdown,
 * trailer_offset, scheduler_offset, id_offset, .. } */
enum { VTABLE_POLL = 0, VTABLE_TRAILER = 7, VTABLE_SCHEDULER = 8, VTABLE_WORDS = 10 };

/* The name of T in poll::<T, S>, as the report names tasks; line tables have it, too. NULL if it is not told. */
static const char *future_name(struct awaits *awaits, Dwarf_Die *poll)
{
	size_t length = 0;
	const char *name = future_index_name(poll), *generics = name ? name_generics(name, &length) : NULL;
	char *display = generics ? name_future(generics, length) : NULL;
	const char *kept = display ? arena_copy(awaits->memory, display, strlen(display)) : NULL;

	free(display);
	return kept;
}

/* Core { scheduler, task_id, .., stage: CoreStage { stage: UnsafeCell<Stage<T>> } } */
static bool find_stage(struct root *root, Dwarf_Die *poll, const uint64_t *vtable)
{
	struct types *types = root->source->types;
	struct target target = {.types = types, .steps = TARGET_STEPS};
	struct value core = {.address = vtable[VTABLE_SCHEDULER]}, stage;
	Dwarf_Die die;

	if (!future_index_core(root->source->index, poll, &die) || !(core.type = types_of(types, &die)) ||
	    !value_at(&target, &core, "stage", &stage))
		return false;
	while (stage.type->kind == TYPE_STRUCT)
		if (!stage.type->members || !value_member(&target, &stage, &stage.type->member[0], &stage))
			return false;
	root->stage = stage.type;
	root->offset = stage.address;
	return stage.type->kind == TYPE_ENUM && type_is(stage.type, "tokio::runtime::task::core::Stage<") &&
	       stage.address + stage.type->size <= vtable[VTABLE_TRAILER];
}

/* Reads T and where it is, if this is the task's poll::<T, S>. */
static bool read_future(struct root *root, Dwarf_Die *poll, const uint64_t *vtable)
{
	struct type *future = types_argument(root->source->types, poll);

	if (!future || !find_stage(root, poll, vtable))
		return false;
	root->type = future;
	root->size = future->size;
	return true;
}

static enum await_status read_name(struct root *root)
{
	struct types *types = root->source->types;

	if (type_is(root->type, "tokio::runtime::blocking::task::BlockingTask<")) {
		const struct type *job = types_at(types, root->type->argument[0]);

		root->future = coroutine_name(types, job ? job->path : root->type->path);
		return AWAIT_BLOCKING;
	}
	if (!root->future)
		root->future = coroutine_name(types, root->type->path);
	return AWAIT_SUSPENDED;
}

/* Functions for different types may have been merged into one: then it is not known which type a task has. */
static enum await_status read_root(struct awaits *awaits, struct root *root, const uint64_t *vtable)
{
	Dwarf_Die polls[POLLS];
	const struct future_index *index;
	size_t count;

	root->source = source_at(awaits, vtable[VTABLE_POLL]);
	if (!root->source)
		return AWAIT_NO_DEBUG_INFO;
	index = root->source->index;
	count = future_index_polls(index, vtable[VTABLE_POLL], polls, POLLS);
	for (size_t i = 0; i < count; i++) {
		struct root other = *root;

		if (!read_future(&other, &polls[i], vtable))
			continue;
		if (root->type && strcmp(root->type->path, other.type->path) != 0)
			return AWAIT_NO_TYPE;
		*root = other;
	}
	if (count == 1 || root->type)
		root->future = future_name(awaits, &polls[0]);
	if (root->type)
		return read_name(root);
	return future_index_has_types(index)   ? AWAIT_NO_TYPE
	       : future_index_has_polls(index) ? AWAIT_LINES_ONLY
					       : AWAIT_NO_DEBUG_INFO;
}

static hashval_t hash_root(const void *data)
{
	const struct root *root = data;

	return (hashval_t)(root->vtable >> 3) * 2654435761u;
}

static int same_root(const void *a, const void *b)
{
	const struct root *x = a, *y = b;

	return x->vtable == y->vtable;
}

/* NULL if there is no vtable there. */
static const struct root *root_of(struct awaits *awaits, uint64_t vtable)
{
	struct root wanted = {.vtable = vtable}, *root;
	void **slot = htab_find_slot(awaits->roots, &wanted, NO_INSERT);
	uint64_t words[VTABLE_WORDS];

	if (slot)
		return *slot;
	if (!peek_bytes(&awaits->peek, vtable, words, sizeof(words)) ||
	    words[VTABLE_TRAILER] >= OFFSET_LIMIT || words[VTABLE_SCHEDULER] >= words[VTABLE_TRAILER] ||
	    htab_elements(awaits->roots) >= ROOTS_LIMIT)
		return NULL;
	root = arena_alloc(awaits->memory, sizeof(*root));
	*root = wanted;
	root->status = read_root(awaits, root, words);
	*htab_find_slot(awaits->roots, root, INSERT) = root;
	return root;
}

/* --- tasks --- */

struct awaits *awaits_new(struct space *space)
{
	struct awaits *awaits = xcalloc(1, sizeof(*awaits));

	awaits->space = space;
	awaits->roots = htab_create_alloc(256, hash_root, same_root, NULL, xcalloc, free);
	awaits->memory = arena_new();
	return awaits;
}

void awaits_free(struct awaits *awaits)
{
	if (!awaits)
		return;
	while (awaits->sources) {
		struct source *source = awaits->sources;

		awaits->sources = source->next;
		types_free(source->types);
		future_index_free(source->index);
		free(source);
	}
	htab_delete(awaits->roots);
	arena_free(awaits->memory);
	peek_free(&awaits->peek);
	free(awaits);
}

/* Stage { Running(T), Finished(..), Consumed } */
static void read_chain(struct awaits *awaits, const struct root *root, uint64_t header,
		       struct await_task *task)
{
	struct target target = {.types = root->source->types, .peek = &awaits->peek, .steps = TARGET_STEPS};
	struct value stage = {root->stage, header + root->offset}, content, future;

	peek_object(&awaits->peek, stage.address, root->stage->size);
	if (!value_content(&target, &stage, &content)) {
		task->status = AWAIT_UNREADABLE;
	} else if (strcmp(content.type->name, "Running") != 0) {
		task->status = AWAIT_COMPLETED;
	} else if (!content.type->members ||
		   !value_member(&target, &content, &content.type->member[0], &future)) {
		task->status = AWAIT_NO_TYPE;
	} else {
		task->status = AWAIT_SUSPENDED;
		chain_walk(&target, &future, task);
	}
}

/* Header { state, queue_next, vtable, .. } */
static void read_task(struct awaits *awaits, uint64_t header, struct await_task *task)
{
	const struct root *root;
	uint64_t words[3];

	task->status = AWAIT_UNREADABLE;
	if (!peek_bytes(&awaits->peek, header, words, sizeof(words)))
		return;
	root = root_of(awaits, words[2]);
	task->status = AWAIT_DOUBTFUL;
	if (!root)
		return;
	task->future = root->future;
	task->size = root->size;
	task->status = root->status;
	if (root->status != AWAIT_SUSPENDED)
		return;
	if (words[0] & STATE_COMPLETE)
		task->status = AWAIT_COMPLETED;
	else if (words[0] & STATE_RUNNING)
		task->status = AWAIT_RUNNING;
	else
		read_chain(awaits, root, header, task);
}

struct await_task *awaits_of_task(struct awaits *awaits, uint64_t header, const struct memory_reader *memory)
{
	struct await_task *task = await_task_new();

	awaits->peek.memory = memory;
	peek_forget(&awaits->peek);
	read_task(awaits, header, task);
	awaits->peek.memory = NULL;
	return task;
}

const struct await_node *await_only_leaf(const struct await_node *root)
{
	while (root->children == 1)
		root = root->child;
	return root->children ? NULL : root;
}

struct await_task *awaits_of_stack(struct awaits *awaits, uint64_t code, uint64_t start, uint64_t end,
				   const struct memory_reader *memory, await_believe *believe, void *arg)
{
	struct source *source = source_at(awaits, code);
	struct await_task *task;

	if (!source)
		return NULL;
	awaits->peek.memory = memory;
	task = block_on_find(source->types, &awaits->peek, start, end, believe, arg);
	awaits->peek.memory = NULL;
	return task;
}
