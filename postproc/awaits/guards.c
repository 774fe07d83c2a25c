/* SPDX-License-Identifier: Apache-2.0 */
/* guards.c - see guards.h. Names are from the sources of Tokio 1.24.2 and 1.53.2. */
#include "awaits/guards.h"

#include <string.h>

#include "awaits/find.h"
#include "awaits/future-types.h"

#define NESTED 8    /* types in each other */
#define GUARDS 1000 /* of a task at most */

static const struct guard {
	const char *path;
	enum await_on on;
} guards[] = {
	{"tokio::sync::mutex::MutexGuard<", AWAIT_ON_MUTEX},
	{"tokio::sync::mutex::OwnedMutexGuard<", AWAIT_ON_MUTEX},
	{"tokio::sync::mutex::MappedMutexGuard<", AWAIT_ON_MUTEX},
	{"tokio::sync::mutex::OwnedMappedMutexGuard<", AWAIT_ON_MUTEX},
	{"tokio::sync::rwlock::read_guard::RwLockReadGuard<", AWAIT_ON_READ_LOCK},
	{"tokio::sync::rwlock::owned_read_guard::OwnedRwLockReadGuard<", AWAIT_ON_READ_LOCK},
	{"tokio::sync::rwlock::write_guard::RwLockWriteGuard<", AWAIT_ON_WRITE_LOCK},
	{"tokio::sync::rwlock::write_guard_mapped::RwLockMappedWriteGuard<", AWAIT_ON_WRITE_LOCK},
	{"tokio::sync::rwlock::owned_write_guard::OwnedRwLockWriteGuard<", AWAIT_ON_WRITE_LOCK},
	{"tokio::sync::rwlock::owned_write_guard_mapped::OwnedRwLockMappedWriteGuard<", AWAIT_ON_WRITE_LOCK},
	{"tokio::sync::semaphore::SemaphorePermit", AWAIT_ON_SEMAPHORE},
	{"tokio::sync::semaphore::OwnedSemaphorePermit", AWAIT_ON_SEMAPHORE},
};

/* What the guards are added to. */
struct adding {
	struct target *target;
	const struct frame *frame;
	struct arena *memory;
	struct await_task *task;
	unsigned count;
};

static const struct guard *guard_of(const struct type *type)
{
	for (size_t i = 0; i < sizeof(guards) / sizeof(guards[0]) && type_is(type, "tokio::sync::"); i++)
		if (type_is(type, guards[i].path))
			return &guards[i];
	return NULL;
}

static void add(struct adding *adding, const struct value *value, const struct guard *kind)
{
	static const char *const paths[] = {"tokio::sync::batch_semaphore::Semaphore", NULL};
	struct await_guard *guard, **last = &adding->task->guards;
	struct value semaphore;

	if (adding->count++ >= GUARDS || !find_values(adding->target, value, paths, &semaphore, 1))
		return;
	for (; *last; last = &(*last)->next)
		if ((*last)->object == semaphore.address && (*last)->node == adding->frame->node)
			return;
	guard = arena_alloc(adding->memory, sizeof(*guard));
	*guard = (struct await_guard){.on = kind->on,
				      .type = value->type->path,
				      .object = semaphore.address,
				      .permits = kind->on == AWAIT_ON_MUTEX ? 1 : 0,
				      .node = adding->frame->node};
	value_number_at(adding->target, value, "permits", &guard->permits);
	*last = guard;
}

static void look_for(struct adding *adding, const struct value *value, int nested)
{
	const struct type *type = value->type;
	const struct guard *kind = guard_of(type);
	struct value inner;

	if (kind) {
		add(adding, value, kind);
		return;
	}
	if (nested > NESTED || future_kind(adding->target->types, value->type) != FUTURE_NONE)
		return;
	if (type->kind == TYPE_POINTER) {
		if (type_is(type, "alloc::boxed::Box<") && value_pointee(adding->target, value, &inner))
			look_for(adding, &inner, nested + 1);
		return;
	}
	if (value_content(adding->target, value, &inner))
		look_for(adding, &inner, nested + 1);
	for (size_t i = 0; i < type->members; i++)
		if (value_member(adding->target, value, &type->member[i], &inner))
			look_for(adding, &inner, nested + 1);
}

void guards_add(struct target *target, const struct frame *frame, struct arena *memory,
		struct await_task *task)
{
	struct adding adding = {.target = target, .frame = frame, .memory = memory, .task = task};
	const struct type *type = frame->content.type;
	struct value inner;

	for (size_t i = 0; i < type->members; i++)
		if (&type->member[i] != frame->awaitee &&
		    value_member(target, &frame->content, &type->member[i], &inner))
			look_for(&adding, &inner, 0);
}
