/* SPDX-License-Identifier: Apache-2.0 */
/* coroutine.c - see coroutine.h. */
#include "awaits/coroutine.h"

#include <dwarf.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "awaits/future-index.h"
#include "resolve/symbolize/demangle.h"
#include "resolve/symbolize/dwarfwalk.h"
#include "resolve/symbolize/names.h"

#define BODIES 64	      /* functions with one path: each unit that inlines it has one */
#define ENTRIES_LIMIT 100000u /* of one function that are looked at */

static char *kept(struct types *types, const char *text)
{
	size_t length = strlen(text) + 1;

	return memcpy(types_alloc(types, length), text, length);
}

const char *coroutine_name(struct types *types, const char *path)
{
	char *name = name_display(path);
	const char *stays = kept(types, name);

	free(name);
	return stays;
}

/* --- the function with the coroutine's code --- */

/* The path of the function: {async_fn#0} for {async_fn_env#0}, and so on; the caller frees it. */
static char *body_path(const struct type *type)
{
	static const char mark[] = "_env#";
	const char *at = strstr(type->name, mark);
	size_t scope = strlen(type->path) - strlen(type->name);
	char *path;

	if (!at)
		return NULL;
	path = xmalloc(strlen(type->path) + 1);
	memcpy(path, type->path, scope + (size_t)(at - type->name));
	strcpy(path + scope + (at - type->name), at + strlen(mark) - 1);
	return path;
}

static const char *name_of_body(struct types *types, Dwarf_Die *bodies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		Dwarf_Attribute attribute;
		const char *linkage =
			dwarf_formstring(dwarf_attr_integrate(&bodies[i], DW_AT_linkage_name, &attribute));
		bool rust = false;
		char *whole = linkage ? demangle(linkage, &rust) : NULL;
		const char *name = rust ? coroutine_name(types, whole) : NULL;

		free(whole);
		if (name)
			return name;
	}
	return NULL;
}

/* The line of the variable `__awaitee` of type `path` that comes after `skip` others of that type in a body.
 * Returns false if there are not `total` of them. */
static bool line_in_body(struct types *types, Dwarf_Die *body, const char *path, size_t skip, size_t total,
			 struct coroutine_state *state)
{
	struct dwarfwalk walk;
	size_t seen = 0;
	unsigned entries = 0;
	Dwarf_Die wanted = {0};

	for (bool more = dwarfwalk_begin(&walk, body); more && entries < ENTRIES_LIMIT; entries++) {
		int tag = dwarf_tag(&walk.die);
		const char *name = tag == DW_TAG_variable ? future_index_name(&walk.die) : NULL;
		Dwarf_Attribute attribute;
		Dwarf_Die of;

		if (name && !strcmp(name, "__awaitee") &&
		    dwarf_formref_die(dwarf_attr(&walk.die, DW_AT_type, &attribute), &of)) {
			const struct type *type = types_of(types, &of);

			if (type && !strcmp(type->path, path) && seen++ == skip)
				wanted = walk.die;
		}
		more = dwarfwalk_next(&walk, tag == DW_TAG_lexical_block && walk.depth < 256);
	}
	int line;
	if (seen != total || !wanted.addr || dwarf_decl_line(&wanted, &line) || line <= 0)
		return false;
	state->file = dwarf_decl_file(&wanted);
	state->line = (unsigned)line;
	return state->file != NULL;
}

/* --- where it awaits --- */

static const char *directory_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die unit;

	return dwarf_diecu(die, &unit, NULL, NULL)
		       ? dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute))
		       : NULL;
}

static void set_place(struct types *types, const struct type_variant *variant, struct coroutine_state *state)
{
	Dwarf_Die die;
	int line;

	if (!future_index_entry(types_index(types), variant->entry, &die) || dwarf_decl_line(&die, &line) ||
	    line <= 0)
		return;
	state->file = dwarf_decl_file(&die);
	state->line = (unsigned)line;
	state->directory = directory_of(&die);
}

static void read_state(struct types *types, const struct type_variant *variant, struct coroutine_state *state)
{
	const char *name;

	state->content = types_at(types, variant->content.type);
	set_place(types, variant, state);
	if (!state->content) {
		state->phase = COROUTINE_DONE;
		return;
	}
	name = state->content->name;
	state->phase = !strncmp(name, "Suspend", strlen("Suspend")) ? COROUTINE_SUSPENDED
		       : !strcmp(name, "Unresumed")		    ? COROUTINE_NEW
								    : COROUTINE_DONE;
	if (state->phase == COROUTINE_SUSPENDED)
		state->awaitee = type_member(state->content, "__awaitee");
}

/* Does the state await a future of this type? */
static bool awaits_type(const struct coroutine_state *state, uint64_t type)
{
	return state->awaitee && state->awaitee->type == type;
}

/* An await inside a macro has the macro's line. The user's is on the variable `__awaitee` in the function,
 * which is found by its type; of several with the same type, states and variables have the same order. */
static void set_user_line(struct types *types, Dwarf_Die *bodies, size_t count, const struct type *type,
			  struct coroutine *coroutine, size_t which)
{
	struct coroutine_state *state = &coroutine->states[which];
	const struct type *awaited = types_at(types, state->awaitee->type);
	size_t before = 0, total = 0;

	for (size_t i = 0; i < type->variants; i++) {
		bool same = awaits_type(&coroutine->states[i], state->awaitee->type);

		before += same && i < which;
		total += same;
	}
	for (size_t i = 0; awaited && i < count && types_affordable(types); i++)
		if (line_in_body(types, &bodies[i], awaited->path, before, total, state))
			return;
}

static const char *file_of_function(const struct type *type, const struct coroutine *coroutine)
{
	for (size_t i = 0; i < type->variants; i++)
		if (coroutine->states[i].phase == COROUTINE_NEW)
			return coroutine->states[i].file;
	return NULL;
}

static struct coroutine *read_coroutine(struct types *types, struct type *type)
{
	struct coroutine *coroutine = types_alloc(types, sizeof(*coroutine));
	char *path = body_path(type);
	Dwarf_Die bodies[BODIES];
	size_t count = path ? future_index_bodies(types_index(types), path, bodies, BODIES) : 0;
	const char *file;

	coroutine->states = types_alloc(types, (type->variants + 1) * sizeof(*coroutine->states));
	coroutine->function = name_of_body(types, bodies, count);
	if (!coroutine->function)
		coroutine->function = coroutine_name(types, path ? path : type->path);
	for (size_t i = 0; i < type->variants; i++)
		read_state(types, &type->variant[i], &coroutine->states[i]);
	file = file_of_function(type, coroutine);
	for (size_t i = 0; i < type->variants; i++) {
		const struct coroutine_state *state = &coroutine->states[i];

		if (state->awaitee && file && state->file && strcmp(file, state->file) != 0)
			set_user_line(types, bodies, count, type, coroutine, i);
	}
	free(path);
	return coroutine;
}

const struct coroutine *coroutine_of(struct types *types, struct type *type)
{
	if (!type->coroutine)
		type->coroutine = read_coroutine(types, type);
	return type->coroutine;
}
