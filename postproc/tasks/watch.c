/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - see watch.h. */
#include "tasks/watch.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bisect.h"
#include "tasks/look.h"

#define TASKS_MAX 1000000u /* more are not compared */
#define TYPES_MAX 65536u

struct seen {
	uint64_t header, id;
	uint64_t kind; /* a hash of its type, state and place */
	uint32_t looks, unused;
};

struct seen_type {
	uint64_t vtable, count;
	uint32_t grows, unused;
};

struct watch {
	size_t looks, tasks, types;
	struct seen seen[TASKS_MAX];	  /* by header */
	uint64_t kinds[TASKS_MAX];	  /* of these tasks, sorted */
	struct seen_type type[TYPES_MAX]; /* by vtable */
};

struct watch *watch_new(void)
{
	struct watch *watch = mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return watch == MAP_FAILED ? NULL : watch;
}

bool watch_compares(const struct watch *watch)
{
	return watch && watch->looks;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	return (hash ^ word) * 0x100000001b3u;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = mix(hash, (unsigned char)*text);
	return mix(hash, 0);
}

/* Two looks have different trees. */
static uint64_t kind_of(const struct look *look, const struct found_task *task)
{
	uint64_t hash = mix(0xcbf29ce484222325u, look->types.type[task->type].vtable);

	hash = mix(hash, task_state(task->state));
	for (const struct tree_node *at = task->place; at && at->parent; at = at->parent) {
		hash = mix_text(mix_text(mix_text(hash, at->function), at->file), at->waits_for);
		hash = mix(hash, at->line);
	}
	return hash;
}

unsigned watch_stands(const struct watch *watch, const struct look *look, const struct found_task *task)
{
	size_t i = FIRST_BEYOND(watch->seen, watch->tasks, header, task->header);
	const struct seen *seen = i ? &watch->seen[i - 1] : NULL;

	return seen && seen->header == task->header && seen->id == task->id &&
			       seen->kind == kind_of(look, task)
		       ? seen->looks
		       : 0;
}

/* Where the first kind beyond `kind` is. */
static size_t beyond(const struct watch *watch, uint64_t kind)
{
	return bisect_beyond(watch->kinds, watch->tasks, sizeof(*watch->kinds), 0, kind);
}

size_t watch_before(const struct watch *watch, const struct look *look, const struct found_task *task)
{
	uint64_t kind = kind_of(look, task);

	return beyond(watch, kind) - (kind ? beyond(watch, kind - 1) : 0);
}

static const struct seen_type *type_at(const struct watch *watch, uint64_t vtable)
{
	size_t i = FIRST_BEYOND(watch->type, watch->types, vtable, vtable);

	return i && watch->type[i - 1].vtable == vtable ? &watch->type[i - 1] : NULL;
}

unsigned watch_grows(const struct watch *watch, const struct task_type *type)
{
	const struct seen_type *before = watch_compares(watch) ? type_at(watch, type->vtable) : NULL;

	return before && type->count > before->count ? before->grows + 1 : 0;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void watch_keep(struct watch *watch, const struct look *look)
{
	size_t count = look->scan.count < TASKS_MAX ? look->scan.count : TASKS_MAX, types = 0;
	struct seen *now = xcalloc(count + 1, sizeof(*now));
	struct seen_type *type = xcalloc(TYPES_MAX, sizeof(*type));

	for (size_t i = 0; i < count; i++) {
		const struct found_task *task = &look->scan.task[i];

		now[i] = (struct seen){.header = task->header,
				       .id = task->id,
				       .kind = kind_of(look, task),
				       .looks = 1 + watch_stands(watch, look, task)};
	}
	for (size_t i = 0; i < look->types.count && types < TYPES_MAX; i++)
		type[types++] = (struct seen_type){.vtable = look->types.type[i].vtable,
						   .count = look->types.type[i].count,
						   .grows = watch_grows(watch, &look->types.type[i])};
	memcpy(watch->seen, now, count * sizeof(*now));
	memcpy(watch->type, type, types * sizeof(*type));
	for (size_t i = 0; i < count; i++)
		watch->kinds[i] = now[i].kind;
	qsort(watch->kinds, count, sizeof(*watch->kinds), by_value);
	watch->tasks = count;
	watch->types = types;
	watch->looks++;
	free(now);
	free(type);
}
