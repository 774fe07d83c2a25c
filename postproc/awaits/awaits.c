/* SPDX-License-Identifier: Apache-2.0 */
/* awaits.c - see awaits.h. Layouts are from the sources of Tokio 1.24.2, 1.43.1 and 1.53.2. */
#include "awaits/awaits.h"

#include <dwarf.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "awaits/chain.h"
#include "awaits/coroutine.h"
#include "awaits/future-index.h"
#include "awaits/future-types.h"
#include "awaits/type.h"
#include "awaits/value.h"
#include "base/arena.h"
#include "resolve/elf/address-space.h"
#include "resolve/symbolize/names.h"

/* Bits of a header's state. */
enum { STATE_RUNNING = 1, STATE_COMPLETE = 2 };

#define POLLS 16		/* functions merged into one that are told apart */
#define SIBLINGS 100000		/* entries of a function that are looked at for its generic arguments */
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

/* A task and its memory. */
struct full_task {
	struct await_task task; /* the first member */
	struct arena *memory;
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

static bool template_type(Dwarf_Die *function, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;
	Dwarf_Die child;
	unsigned entries = 0;

	if (dwarf_child(function, &child))
		return false;
	do {
		if (dwarf_tag(&child) == DW_TAG_template_type_parameter)
			return dwarf_formref_die(dwarf_attr(&child, DW_AT_type, &attribute), type);
	} while (++entries < SIBLINGS && dwarf_siblingof(&child, &child) == 0);
	return false;
}

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
	struct type *future;
	Dwarf_Die type;

	if (!template_type(poll, &type) || !(future = types_of(root->source->types, &type)) ||
	    !find_stage(root, poll, vtable))
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
		       struct full_task *full)
{
	struct target target = {.types = root->source->types, .peek = &awaits->peek, .steps = TARGET_STEPS};
	struct value stage = {root->stage, header + root->offset}, content, future;

	peek_object(&awaits->peek, stage.address, root->stage->size);
	if (!value_content(&target, &stage, &content)) {
		full->task.status = AWAIT_UNREADABLE;
	} else if (strcmp(content.type->name, "Running") != 0) {
		full->task.status = AWAIT_COMPLETED;
	} else if (!content.type->members ||
		   !value_member(&target, &content, &content.type->member[0], &future)) {
		full->task.status = AWAIT_NO_TYPE;
	} else {
		full->task.status = AWAIT_SUSPENDED;
		chain_walk(&target, &future, full->memory, &full->task);
	}
}

/* Header { state, queue_next, vtable, .. } */
static void read_task(struct awaits *awaits, uint64_t header, struct full_task *full)
{
	const struct root *root;
	uint64_t words[3];

	full->task.status = AWAIT_UNREADABLE;
	if (!peek_bytes(&awaits->peek, header, words, sizeof(words)))
		return;
	root = root_of(awaits, words[2]);
	full->task.status = AWAIT_DOUBTFUL;
	if (!root)
		return;
	full->task.future = root->future;
	full->task.size = root->size;
	full->task.status = root->status;
	if (root->status != AWAIT_SUSPENDED)
		return;
	if (words[0] & STATE_COMPLETE)
		full->task.status = AWAIT_COMPLETED;
	else if (words[0] & STATE_RUNNING)
		full->task.status = AWAIT_RUNNING;
	else
		read_chain(awaits, root, header, full);
}

struct await_task *awaits_of_task(struct awaits *awaits, uint64_t header, const struct memory_reader *memory)
{
	struct arena *arena = arena_new();
	struct full_task *full = arena_alloc(arena, sizeof(*full));

	*full = (struct full_task){.memory = arena};
	awaits->peek.memory = memory;
	peek_forget(&awaits->peek);
	read_task(awaits, header, full);
	awaits->peek.memory = NULL;
	return &full->task;
}

const struct await_node *await_only_leaf(const struct await_node *root)
{
	while (root->children == 1)
		root = root->child;
	return root->children ? NULL : root;
}

/* --- the future of block_on --- */

#define BLOCK_ONS 64	    /* types that are looked for */
#define STACK_WINDOW 32768u /* bytes that are read at a time */

/* The least of the leaves' beliefs if one is not there, otherwise the most. */
static enum await_belief belief_of(const struct await_node *node, await_believe *believe, void *arg)
{
	enum await_belief most = node->kind == AWAIT_LEAF ? believe(arg, node) : AWAIT_PERHAPS;

	for (const struct await_node *child = node->child; child && most != AWAIT_NOT_THERE;
	     child = child->sibling) {
		enum await_belief belief = belief_of(child, believe, arg);

		most = belief == AWAIT_NOT_THERE || belief > most ? belief : most;
	}
	return most;
}

/* The types F of block_on::<F> that are coroutines. */
static size_t block_on_types(struct source *source, struct type **type)
{
	Dwarf_Die function[BLOCK_ONS], declaration, die;
	size_t count = future_index_block_ons(source->index, function, BLOCK_ONS), found = 0;

	for (size_t i = 0; i < count; i++) {
		Dwarf_Attribute attribute;
		struct type *f = NULL;

		/* A method's definition says only which declaration it has. */
		if (template_type(&function[i], &die) ||
		    (dwarf_formref_die(dwarf_attr(&function[i], DW_AT_specification, &attribute),
				       &declaration) &&
		     template_type(&declaration, &die)))
			f = types_of(source->types, &die);

		if (f && f->size && future_kind(source->types, f) == FUTURE_COROUTINE)
			type[found++] = f;
	}
	return found;
}

static bool is_suspended(struct target *target, const struct value *value)
{
	const struct type_variant *variant = value_variant(target, value);
	const struct coroutine *coroutine = coroutine_of(target->types, value->type);

	return variant && coroutine->states[variant - value->type->variant].phase == COROUTINE_SUSPENDED;
}

static struct await_task *future_at(struct target *target, const struct value *value)
{
	struct arena *arena = arena_new();
	struct full_task *full = arena_alloc(arena, sizeof(*full));

	*full = (struct full_task){.memory = arena, .task.status = AWAIT_SUSPENDED};
	full->task.size = value->type->size;
	full->task.future = coroutine_name(target->types, value->type->path);
	chain_walk(target, value, arena, &full->task);
	return &full->task;
}

struct await_task *awaits_of_stack(struct awaits *awaits, uint64_t code, uint64_t start, uint64_t end,
				   const struct memory_reader *memory, await_believe *believe, void *arg)
{
	struct source *source = source_at(awaits, code);
	struct type *type[BLOCK_ONS];
	size_t types = source ? block_on_types(source, type) : 0, found = 0;
	struct await_task *only = NULL;

	awaits->peek.memory = memory;
	for (uint64_t at = start; at + 8 <= end && types && found < 2; at += 8) {
		if ((at - start) % STACK_WINDOW == 0) {
			peek_forget(&awaits->peek);
			peek_object(&awaits->peek, at, end - at < STACK_WINDOW ? end - at : STACK_WINDOW);
		}
		for (size_t i = 0; i < types && found < 2; i++) {
			struct target target = {
				.types = source->types, .peek = &awaits->peek, .steps = TARGET_STEPS};
			const struct value value = {type[i], at};

			if (type[i]->size > end - at || !is_suspended(&target, &value))
				continue;
			struct await_task *task = future_at(&target, &value);

			if (task->status == AWAIT_SUSPENDED && !task->unread && !task->deeper &&
			    belief_of(task->root, believe, arg) == AWAIT_THERE && ++found == 1)
				only = task;
			else
				awaits_task_free(task);
		}
	}
	awaits->peek.memory = NULL;
	if (found == 1)
		return only;
	awaits_task_free(only);
	return NULL;
}

void awaits_task_free(struct await_task *task)
{
	if (task)
		arena_free(((struct full_task *)task)->memory);
}
