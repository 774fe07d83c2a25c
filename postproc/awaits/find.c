/* SPDX-License-Identifier: Apache-2.0 */
/* find.c - see find.h. */
#include "awaits/find.h"

#include <string.h>

#define STEPS 4000 /* members that are looked at */
#define NESTED 40  /* types in each other */
#define POINTERS 5 /* in a row */

struct finding {
	struct target *target;
	const char *const *paths;
	struct value *found;
	size_t count, size;
	unsigned steps;
};

static bool matches(const struct finding *finding, const struct type *type)
{
	for (const char *const *path = finding->paths; *path; path++)
		if (type_is(type, *path))
			return true;
	return false;
}

/* The runtime itself has everything. */
static bool leads_away(const struct type *type)
{
	return type_is(type, "tokio::runtime::") || type_is(type, "alloc::sync::Arc<tokio::runtime::") ||
	       type_is(type, "core::task::wake::");
}

static void find(struct finding *finding, const struct value *in, int nested, int pointers);

static void find_in_members(struct finding *finding, const struct value *in, int nested, int pointers)
{
	const struct type *type = in->type;
	struct value inner;

	if (value_content(finding->target, in, &inner))
		find(finding, &inner, nested + 1, pointers);
	for (size_t i = 0; i < type->members; i++)
		if (value_member(finding->target, in, &type->member[i], &inner))
			find(finding, &inner, nested + 1, pointers);
}

static void find(struct finding *finding, const struct value *in, int nested, int pointers)
{
	struct value inner;

	if (finding->count >= finding->size || nested > NESTED || ++finding->steps > STEPS)
		return;
	if (matches(finding, in->type)) {
		finding->found[finding->count++] = *in;
		return;
	}
	if (leads_away(in->type))
		return;
	if (in->type->kind == TYPE_POINTER || type_is_dyn(in->type)) {
		if (pointers < POINTERS && value_pointee(finding->target, in, &inner))
			find(finding, &inner, nested + 1, pointers + 1);
	} else if (in->type->kind == TYPE_STRUCT || in->type->kind == TYPE_ENUM) {
		find_in_members(finding, in, nested, pointers);
	}
}

size_t find_values(struct target *target, const struct value *in, const char *const *paths,
		   struct value *found, size_t size)
{
	struct finding finding = {.target = target, .paths = paths, .found = found, .size = size};

	find(&finding, in, 0, 0);
	return finding.count;
}

/* The first number of 4 bytes in what an OwnedFd is wrapped in. */
static bool descriptor(struct target *target, const struct value *value, int nested, int *fd)
{
	const struct type *type = value->type;
	struct value inner;
	uint64_t number;

	if (nested > NESTED)
		return false;
	if (type->kind == TYPE_OTHER && type->size == 4 &&
	    peek_number(target->peek, value->address, 4, &number)) {
		*fd = (int)(uint32_t)number;
		return true;
	}
	if (type->kind == TYPE_ENUM)
		return value_content(target, value, &inner) && descriptor(target, &inner, nested + 1, fd);
	for (size_t i = 0; type->kind == TYPE_STRUCT && i < type->members; i++)
		if (value_member(target, value, &type->member[i], &inner) &&
		    descriptor(target, &inner, nested + 1, fd))
			return true;
	return false;
}

size_t find_descriptors(struct target *target, const struct value *in, int *fds, size_t size)
{
	static const char *const paths[] = {"tokio::io::poll_evented::PollEvented<",
					    "tokio::io::async_fd::AsyncFd<", NULL};
	struct value found[8];
	size_t count = find_values(target, in, paths, found, size < 8 ? size : 8);

	for (size_t i = 0; i < count; i++) {
		struct value io;

		if ((!value_at(target, &found[i], "io", &io) && !value_at(target, &found[i], "inner", &io)) ||
		    !descriptor(target, &io, 0, &fds[i]) || fds[i] < 0)
			fds[i] = -1;
	}
	return count;
}
