/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - see value.h. */
#include "awaits/value.h"

#include <string.h>

#include "awaits/future-index.h"

#define NESTED 32 /* structs in each other that are looked through */

bool target_step(struct target *target)
{
	if (!target->steps)
		return false;
	target->steps--;
	return true;
}

bool value_member(struct target *target, const struct value *value, const struct type_member *member,
		  struct value *to)
{
	struct type *type = target_step(target) ? types_at(target->types, member->type) : NULL;

	if (!type || type->size > value->type->size || member->offset > value->type->size - type->size)
		return false;
	*to = (struct value){type, value->address + member->offset};
	return true;
}

bool value_at(struct target *target, const struct value *value, const char *path, struct value *to)
{
	struct value here = *value;
	char name[64];

	while (*path) {
		size_t length = strcspn(path, ".");
		const struct type_member *member;

		if (length >= sizeof(name))
			return false;
		memcpy(name, path, length);
		name[length] = '\0';
		member = type_member(here.type, name);
		if (!member || !value_member(target, &here, member, &here))
			return false;
		path += length + (path[length] == '.');
	}
	*to = here;
	return true;
}

/* An enum without a discriminant has one variant that can exist. The others hold a value of an empty type, so that
 * no member of theirs has a size, in most cases. */
static const struct type_variant *only_variant(struct target *target, const struct value *value)
{
	const struct type *type = value->type;
	const struct type_variant *only = NULL;

	if (type->variants == 1)
		return type->variant;
	for (size_t i = 0; i < type->variants; i++) {
		struct value content, member;

		if (!value_member(target, value, &type->variant[i].content, &content))
			continue;
		for (size_t m = 0; m < content.type->members; m++) {
			if (!value_member(target, &content, &content.type->member[m], &member) ||
			    !member.type->size)
				continue;
			if (only && only != &type->variant[i])
				return NULL;
			only = &type->variant[i];
		}
	}
	return only;
}

const struct type_variant *value_variant(struct target *target, const struct value *value)
{
	const struct type *type = value->type;
	const struct type_variant *other = NULL;
	uint64_t tag, mask = type->tag_size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * type->tag_size) - 1;

	if (type->kind != TYPE_ENUM)
		return NULL;
	if (!type->tag_size)
		return only_variant(target, value);
	if (!peek_number(target->peek, value->address + type->tag, type->tag_size, &tag))
		return NULL;
	for (size_t i = 0; i < type->variants; i++) {
		const struct type_variant *variant = &type->variant[i];

		if (!variant->has_value)
			other = variant;
		else if ((variant->value & mask) == tag)
			return variant;
	}
	return other;
}

bool value_content(struct target *target, const struct value *value, struct value *to)
{
	const struct type_variant *variant = value_variant(target, value);

	return variant && value_member(target, value, &variant->content, to);
}

/* rustc calls the members of a wide pointer `data_ptr` and `length`, or `pointer` and `vtable`. */
bool type_is_dyn(const struct type *type)
{
	return type->kind == TYPE_STRUCT && type->members == 2 && type_member(type, "vtable") &&
	       type_member(type, "pointer");
}

bool type_is_slice(const struct type *type)
{
	return type->kind == TYPE_STRUCT && type->members == 2 && type_member(type, "length") &&
	       type_member(type, "data_ptr");
}

/* A vtable's second word is the size of its type. */
static bool dyn_pointee(struct target *target, const struct value *value, struct value *to)
{
	const struct type_member *data = type_member(value->type, "pointer"),
				 *table = type_member(value->type, "vtable");
	uint64_t vtable, size;
	Dwarf_Die die;

	if (!peek_pointer(target->peek, value->address + data->offset, &to->address) ||
	    !peek_pointer(target->peek, value->address + table->offset, &vtable) ||
	    !future_index_vtable(types_index(target->types), vtable, &die))
		return false;
	to->type = types_of(target->types, &die);
	return to->type && peek_number(target->peek, vtable + 8, 8, &size) && size == to->type->size;
}

bool value_pointee(struct target *target, const struct value *value, struct value *to)
{
	struct value here = *value;

	for (int i = 0; i < NESTED && here.type->kind == TYPE_STRUCT && !type_is_dyn(here.type); i++)
		if (type_is_slice(here.type) || !here.type->members ||
		    !value_member(target, &here, &here.type->member[0], &here))
			return false;
	if (type_is_dyn(here.type)) {
		if (!dyn_pointee(target, &here, to))
			return false;
	} else if (here.type->kind == TYPE_POINTER) {
		to->type = types_at(target->types, here.type->target);
		if (!to->type || !peek_pointer(target->peek, here.address, &to->address))
			return false;
	} else {
		return false;
	}
	peek_object(target->peek, to->address, to->type->size);
	return true;
}

bool value_number(struct target *target, const struct value *value, uint64_t *number, uint64_t *size)
{
	struct value here = *value;

	for (int i = 0; i < NESTED && here.type->kind == TYPE_STRUCT; i++) {
		size_t m = 0;

		/* What has no size holds nothing: PhantomData. */
		while (m < here.type->members) {
			struct value inner;

			if (value_member(target, &here, &here.type->member[m++], &inner) &&
			    inner.type->size > 0) {
				here = inner;
				break;
			}
			if (m == here.type->members)
				return false;
		}
	}
	if (here.type->kind != TYPE_OTHER || !here.type->size || here.type->size > 8)
		return false;
	if (size)
		*size = here.type->size;
	return peek_number(target->peek, here.address, here.type->size, number);
}

bool value_number_at(struct target *target, const struct value *value, const char *path, uint64_t *number)
{
	struct value at;

	return value_at(target, value, path, &at) && value_number(target, &at, number, NULL);
}

static bool first_pointer(struct target *target, const struct value *value, struct value *pointer, int depth)
{
	struct value inner;

	if (value->type->kind == TYPE_POINTER || type_is_dyn(value->type)) {
		*pointer = *value;
		return true;
	}
	if (depth >= NESTED)
		return false;
	if (value->type->kind == TYPE_ENUM)
		return value_content(target, value, &inner) &&
		       first_pointer(target, &inner, pointer, depth + 1);
	for (size_t i = 0; value->type->kind == TYPE_STRUCT && i < value->type->members; i++)
		if (value_member(target, value, &value->type->member[i], &inner) &&
		    first_pointer(target, &inner, pointer, depth + 1))
			return true;
	return false;
}

bool value_first_pointer(struct target *target, const struct value *value, struct value *pointer)
{
	return first_pointer(target, value, pointer, 0);
}

static bool named(struct target *target, const struct value *value, const char *name, struct value *to,
		  int depth)
{
	const struct type_member *member = type_member(value->type, name);

	if (member)
		return value_member(target, value, member, to);
	for (size_t i = 0; depth < NESTED && value->type->kind == TYPE_STRUCT && i < value->type->members;
	     i++) {
		struct value inner;

		if (value_member(target, value, &value->type->member[i], &inner) &&
		    named(target, &inner, name, to, depth + 1))
			return true;
	}
	return false;
}

bool value_named(struct target *target, const struct value *value, const char *name, struct value *to)
{
	return named(target, value, name, to, 0);
}
