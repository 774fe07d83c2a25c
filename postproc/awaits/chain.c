/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c - see chain.h. The walk keeps a list of what is left to do, so that nested futures need no stack. */
#include "awaits/chain.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "awaits/coroutine.h"
#include "awaits/find.h"
#include "awaits/future-types.h"
#include "awaits/guards.h"
#include "awaits/leaf.h"
#include "awaits/search.h"
#include "base/arena.h"
#include "base/grow.h"

#define SOCKETS 4 /* of one future */
#define HELD 1000 /* variables of a task that are tried */

/* A node, and what the walk knows of it. */
struct full_node {
	struct await_node node;	 /* the first member */
	struct await_node *last; /* child */
	unsigned depth;
};

/* A future that is still to be looked at. */
struct item {
	struct value value;
	struct full_node *parent; /* NULL: it becomes the root */
	const struct frame *frame;
};

struct walk {
	struct target *target;
	struct arena *memory;
	struct await_task *task;
	struct item *items;
	size_t count, size;
	struct search search;
	const struct frame *frames; /* the last that was found */
	struct value *polled;	    /* the futures that the chain led to */
	size_t polled_count, polled_size;
	struct await_node *root; /* of what is being walked */
	unsigned candidates;	 /* for held */
};

/* Types that do nothing but pass polls on, for macros and combinators. */
static const char *const plumbing[] = {
	"tokio::future::maybe_done::MaybeDone<",
	"futures_util::future::maybe_done::MaybeDone<",
	"futures_util::future::try_maybe_done::TryMaybeDone<",
	"futures_util::stream::futures_ordered::OrderWrapper<",
	"core::panic::unwind_safe::AssertUnwindSafe<",
	NULL,
};

/* --- nodes --- */

static struct full_node *add_node(struct walk *walk, const struct item *item, enum await_kind kind)
{
	struct full_node *parent = item->parent, *full;
	unsigned depth = parent ? parent->depth + 1 : 0;

	if (walk->task->nodes >= AWAIT_NODES || depth >= AWAIT_DEPTH) {
		walk->task->deeper = true;
		return NULL;
	}
	full = arena_alloc(walk->memory, sizeof(*full));
	*full = (struct full_node){
		.node = {.kind = kind, .polled = true, .fd = -1, .address = item->value.address},
		.depth = depth};
	walk->task->nodes++;
	if (!parent) {
		if (!walk->root)
			walk->root = &full->node;
		return full;
	}
	if (parent->last)
		parent->last->sibling = &full->node;
	else
		parent->node.child = &full->node;
	parent->last = &full->node;
	parent->node.children++;
	return full;
}

/* The name of a type for people, without its generic arguments. */
static const char *type_name(struct walk *walk, struct type *type)
{
	if (!type->display)
		type->display = coroutine_name(walk->target->types, type->path);
	return type->display;
}

static struct full_node *add_leaf(struct walk *walk, const struct item *item, enum await_on on)
{
	struct full_node *full = add_node(walk, item, AWAIT_LEAF);

	if (full) {
		full->node.function = type_name(walk, item->value.type);
		full->node.on = on;
		full->node.waits_for = leaf_words(on);
	}
	return full;
}

static void add_unread(struct walk *walk, const struct item *item)
{
	walk->task->unread++;
	add_leaf(walk, item, AWAIT_ON_UNKNOWN);
}

/* --- what is left to do --- */

static void push(struct walk *walk, const struct value *value, struct full_node *parent,
		 const struct frame *frame)
{
	GROW(walk->items, walk->size, walk->count + 1);
	walk->items[walk->count++] = (struct item){*value, parent, frame};
}

/* Pushes what the search has found, the first one last, so that it is the next. */
static void push_found(struct walk *walk, struct full_node *parent, const struct frame *frame)
{
	for (size_t i = walk->search.count; i > 0; i--)
		push(walk, &walk->search.found[i - 1], parent, frame);
	walk->task->unread += walk->search.incomplete;
}

/* --- kinds of futures --- */

static void see_coroutine(struct walk *walk, const struct item *item)
{
	struct type *type = item->value.type;
	const struct coroutine *coroutine = coroutine_of(walk->target->types, type);
	const struct type_variant *variant = value_variant(walk->target, &item->value);
	const struct coroutine_state *state;
	struct full_node *full;
	struct frame *frame;
	struct value awaited;

	if (!variant) {
		add_unread(walk, item);
		return;
	}
	state = &coroutine->states[variant - type->variant];
	if (state->phase == COROUTINE_DONE)
		return;
	full = add_node(walk, item, AWAIT_FUNCTION);
	if (!full)
		return;
	full->node.function = coroutine->function;
	if (state->phase == COROUTINE_NEW) {
		full->node.polled = false;
		return;
	}
	full->node.file = state->file;
	full->node.directory = state->directory;
	full->node.line = state->line;
	frame = arena_alloc(walk->memory, sizeof(*frame));
	*frame = (struct frame){.value = item->value,
				.awaitee = state->awaitee,
				.node = &full->node,
				.outer = item->frame,
				.before = walk->frames};
	if (!value_member(walk->target, &item->value, &variant->content, &frame->content))
		return;
	walk->frames = frame;
	if (state->awaitee && value_member(walk->target, &frame->content, state->awaitee, &awaited))
		push(walk, &awaited, full, frame);
	else
		walk->task->unread++;
}

/* Leaves for the descriptors that Tokio watches in a value. Returns false if it has none. */
static bool add_sockets(struct walk *walk, const struct item *item, const struct value *in)
{
	int fds[SOCKETS];
	size_t count = find_descriptors(walk->target, in, fds, SOCKETS);

	for (size_t i = 0; i < count; i++) {
		struct full_node *full = add_leaf(walk, item, AWAIT_ON_SOCKET);

		if (full)
			full->node.fd = fds[i];
	}
	return count > 0;
}

static void see_closure(struct walk *walk, const struct item *item)
{
	const struct type_member *member = item->value.type->members ? &item->value.type->member[0] : NULL;
	struct value closure;
	struct await_node leaf = {.fd = -1};
	struct full_node *full;

	if (!member || !value_member(walk->target, &item->value, member, &closure)) {
		add_unread(walk, item);
		return;
	}
	if (leaf_fill_closure(walk->target, &closure, item->frame, &leaf)) {
		full = add_leaf(walk, item, leaf.on);
		if (full)
			full->node.object = leaf.object;
		return;
	}
	search_closure(walk->target, &walk->search, &closure);
	if (walk->search.count)
		push_found(walk, item->parent, item->frame);
	else if (!add_sockets(walk, item, &closure))
		add_leaf(walk, item, walk->search.choice ? AWAIT_ON_NOTHING : AWAIT_ON_UNKNOWN);
}

static bool is_plumbing(const struct type *type)
{
	for (const char *const *path = plumbing; *path; path++)
		if (type_is(type, *path))
			return true;
	return false;
}

static void see_type(struct walk *walk, const struct item *item)
{
	struct full_node *full = item->parent;

	search_members(walk->target, &walk->search, &item->value);
	if (is_plumbing(item->value.type)) {
		push_found(walk, full, item->frame);
	} else if (walk->search.count) {
		full = add_node(walk, item, AWAIT_TYPE);
		if (!full)
			return;
		full->node.function = type_name(walk, item->value.type);
		push_found(walk, full, item->frame);
	} else if (!add_sockets(walk, item, &item->value)) {
		add_leaf(walk, item, AWAIT_ON_UNKNOWN);
	}
}

static void see_leaf(struct walk *walk, const struct item *item)
{
	struct full_node *full = add_leaf(walk, item, AWAIT_ON_UNKNOWN);

	if (full)
		leaf_fill(walk->target, &item->value, item->frame, &full->node);
}

static void see(struct walk *walk, struct item *item)
{
	if (!search_unwrap(walk->target, &item->value)) {
		add_unread(walk, item);
		return;
	}
	GROW(walk->polled, walk->polled_size, walk->polled_count + 1);
	walk->polled[walk->polled_count++] = item->value;
	switch (future_kind(walk->target->types, item->value.type)) {
	case FUTURE_COROUTINE:
		see_coroutine(walk, item);
		break;
	case FUTURE_POLL_FN:
		see_closure(walk, item);
		break;
	case FUTURE_LEAF:
		see_leaf(walk, item);
		break;
	case FUTURE_TYPE:
	case FUTURE_STREAM:
		see_type(walk, item);
		break;
	default:
		add_unread(walk, item);
		break;
	}
}

/* Walks from one future. Returns its node, or NULL if there is none. */
static struct await_node *follow(struct walk *walk, const struct value *future, const struct frame *frame)
{
	walk->root = NULL;
	walk->count = 0;
	push(walk, future, NULL, frame);
	while (walk->count) {
		struct item item = walk->items[--walk->count];

		if (!target_step(walk->target))
			break;
		see(walk, &item);
	}
	return walk->root;
}

/* --- what is held --- */

/* Does the chain lead into the value? A larger future may begin where its first variable is. */
static bool is_polled(const struct walk *walk, const struct value *value)
{
	uint64_t size = value->type->size ? value->type->size : 1;

	for (size_t i = 0; i < walk->polled_count; i++) {
		const struct value *polled = &walk->polled[i];

		if (polled->address - value->address < size && polled->type->size <= size)
			return true;
	}
	return false;
}

/* Has it been polled, so that it may have got something, but by no future among the first `known`? (Clones of a
 * Shared lead to the same future.) Depth is bounded by AWAIT_DEPTH. */
static bool has_begun(const struct walk *walk, const struct await_node *node, size_t known)
{
	bool begun = node->kind == AWAIT_LEAF ? node->granted || node->missing
					      : node->kind == AWAIT_FUNCTION && node->polled;

	for (size_t i = 0; begun && i < known; i++)
		begun = walk->polled[i].address != node->address;
	for (const struct await_node *child = node->child; child && !begun; child = child->sibling)
		begun = has_begun(walk, child, known);
	return begun;
}

static void add_held(struct walk *walk, const struct frame *frame, const struct value *value)
{
	struct value future = *value;
	struct await_held *held, **last = &walk->task->held;
	struct await_node *root;
	size_t known = walk->polled_count;

	if (walk->candidates++ >= HELD || is_polled(walk, value) || !search_unwrap(walk->target, &future) ||
	    is_polled(walk, &future))
		return;
	root = follow(walk, &future, frame);
	if (!root || !has_begun(walk, root, known))
		return;
	while (*last)
		last = &(*last)->next;
	held = arena_alloc(walk->memory, sizeof(*held));
	*held = (struct await_held){.node = frame->node, .future = root};
	*last = held;
}

/* Futures among a suspended function's variables, and guards. */
static void see_variables(struct walk *walk, const struct frame *frame)
{
	const struct type *type = frame->content.type;
	struct value value;

	guards_add(walk->target, frame, walk->memory, walk->task);
	for (size_t i = 0; i < type->members; i++)
		if (&type->member[i] != frame->awaitee &&
		    value_member(walk->target, &frame->content, &type->member[i], &value) &&
		    future_kind(walk->target->types, value.type) != FUTURE_NONE)
			add_held(walk, frame, &value);
}

/* Held futures are functions with variables, too: their frames come before those that are known. */
static void see_frames(struct walk *walk)
{
	const struct frame *until = NULL;

	for (unsigned round = 0; round < 16 && walk->frames != until; round++) {
		const struct frame *from = walk->frames;

		for (const struct frame *frame = from; frame != until; frame = frame->before)
			see_variables(walk, frame);
		until = from;
	}
}

struct await_task *await_task_new(void)
{
	struct arena *memory = arena_new();
	struct await_task *task = arena_alloc(memory, sizeof(*task));

	*task = (struct await_task){.memory = memory};
	return task;
}

void awaits_task_free(struct await_task *task)
{
	if (task)
		arena_free(task->memory);
}

void chain_walk(struct target *target, const struct value *future, struct await_task *task)
{
	struct walk walk = {.target = target, .memory = task->memory, .task = task};

	task->root = follow(&walk, future, NULL);
	if (!task->root)
		task->status = AWAIT_COMPLETED;
	else if (!task->root->polled)
		task->status = AWAIT_NOT_POLLED;
	else
		see_frames(&walk);
	task->deeper = task->deeper || !target->steps;
	free(walk.items);
	free(walk.search.found);
	free(walk.polled);
}
