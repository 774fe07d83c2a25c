/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/symbolize/debugunit.h"

#include <dwarf.h>
#include <libiberty/libiberty.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "resolve/symbolize/dwarfwalk.h"
#include "resolve/symbolize/inlines.h"

#define DEPTH_LIMIT 64		/* levels of namespaces */
#define REFERENCE_LIMIT 16	/* steps by DW_AT_abstract_origin and DW_AT_specification */
#define RANGES_LIMIT (1u << 22) /* for all functions: many may share a long list */
#define SCOPE_LIMIT 512		/* bytes of a joined scope */

/* A part of a function's code; a function split into hot and cold has several. */
struct debugunit_function {
	Dwarf_Addr low, high;
	void *entry;		 /* Dwarf_Die.addr */
	struct inlines *inlines; /* NULL: not read yet */
};

/* A namespace or type with functions in it. */
struct debugunit_scope {
	unsigned char *start, *end; /* its entries; end: the first entry behind it */
	size_t parent;		    /* index + 1 in the array; 0: the unit */
	size_t functions;	    /* how many functions came before it */
	const char *name;	    /* NULL if it has none */
	char *joined;		    /* its full path, built on first use */
};

/* --- the index --- */

static void add_function(struct debugunit *unit, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while (unit->ranges > 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		unit->ranges--;
		if (low == 0 || low >= high) /* removed by the linker */
			continue;
		GROW(unit->functions, unit->function_size, unit->function_count + 1);
		unit->functions[unit->function_count++] =
			(struct debugunit_function){.low = low, .high = high, .entry = die->addr};
	}
}

static size_t add_scope(struct debugunit *unit, Dwarf_Die *die, size_t parent, size_t functions)
{
	GROW(unit->scopes, unit->scope_size, unit->scope_count + 1);
	unit->scopes[unit->scope_count++] =
		(struct debugunit_scope){.start = die->addr, .parent = parent, .functions = functions};
	return unit->scope_count;
}

/* Ends a scope, and drops it if it has no functions, like most types. */
static void end_scope(struct debugunit *unit, size_t scope, unsigned char *end, size_t functions)
{
	struct debugunit_scope *s = &unit->scopes[scope - 1];
	Dwarf_Die die = {.addr = s->start, .cu = unit->root.cu};

	if (s->functions == functions) {
		unit->scope_count = scope - 1;
		return;
	}
	s->end = end;
	s->name = dwarf_diename(&die);
}

static bool holds_functions(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_interface_type:
		return true;
	default:
		return false;
	}
}

static int by_low(const void *a, const void *b)
{
	const struct debugunit_function *x = a, *y = b;

	return x->low != y->low ? (x->low < y->low ? -1 : 1) : (x->high > y->high) - (x->high < y->high);
}

/* Finds the unit's functions and their scopes. */
static void walk(struct debugunit *unit)
{
	size_t open[DEPTH_LIMIT + 1] = {0}; /* by depth: the scope of entries there, as index + 1 */
	size_t depth = 1, functions = 0;
	struct dwarfwalk walk;

	for (bool more = dwarfwalk_begin(&walk, &unit->root); more;) {
		int tag = dwarf_tag(&walk.die);
		bool enter = holds_functions(tag) && depth < DEPTH_LIMIT;

		if (tag == DW_TAG_subprogram) {
			functions++;
			add_function(unit, &walk.die);
		}
		if (enter)
			open[depth + 1] = add_scope(unit, &walk.die, open[depth], functions);
		more = dwarfwalk_next(&walk, enter);
		/* A scope without children was not entered. */
		for (depth += enter; depth > (more ? walk.depth : 1); depth--)
			end_scope(unit, open[depth], more ? walk.die.addr : (void *)UINTPTR_MAX, functions);
	}
}

static void build_index(struct debugunit *unit)
{
	Dwarf_Die split = {0};
	uint8_t type = DW_UT_compile;

	unit->indexed = true;
	unit->root = unit->die;
	if (dwarf_cu_info(unit->die.cu, NULL, &type, NULL, NULL, NULL, NULL, NULL) == 0 &&
	    type == DW_UT_skeleton) {
		unit->split_missing =
			dwarf_cu_info(unit->die.cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) != 0 ||
			!split.addr;
		if (!unit->split_missing)
			unit->root = split;
	}
	unit->ranges = RANGES_LIMIT;
	walk(unit);
	if (unit->function_count > 0)
		qsort(unit->functions, unit->function_count, sizeof(*unit->functions), by_low);
}

/* --- functions --- */

static struct debugunit_function *function_at(struct debugunit *unit, Dwarf_Addr addr)
{
	size_t low = FIRST_BEYOND(unit->functions, unit->function_count, low, addr);

	for (size_t i = low; i > 0 && low - i < 8; i--)
		if (addr < unit->functions[i - 1].high)
			return &unit->functions[i - 1];
	return NULL;
}

size_t debugunit_chain(struct debugunit *unit, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit,
		       Dwarf_Addr *start)
{
	if (!unit->indexed)
		build_index(unit);
	struct debugunit_function *function = function_at(unit, addr);
	if (!function || limit == 0)
		return 0;
	*start = function->low;
	chain[0] = (Dwarf_Die){.addr = function->entry, .cu = unit->root.cu};
	if (!function->inlines)
		function->inlines = inlines_read(&chain[0], &unit->ranges);
	return 1 + inlines_at(function->inlines, addr, chain + 1, limit - 1);
}

/* --- names --- */

void debugunit_name(Dwarf_Die *die, const char **linkage, const char **name, Dwarf_Die *declared)
{
	Dwarf_Die at = *die;
	Dwarf_Attribute attribute;

	*linkage = *name = NULL;
	*declared = *die;
	for (int i = 0; i < REFERENCE_LIMIT; i++) {
		if (!*linkage && (dwarf_attr(&at, DW_AT_linkage_name, &attribute) ||
				  dwarf_attr(&at, DW_AT_MIPS_linkage_name, &attribute)))
			*linkage = dwarf_formstring(&attribute);
		if (!*name && dwarf_attr(&at, DW_AT_name, &attribute))
			*name = dwarf_formstring(&attribute);
		*declared = at; /* the last: a member function is declared inside its type */
		if (*linkage && *name)
			return;
		if (!dwarf_attr(&at, DW_AT_abstract_origin, &attribute) &&
		    !dwarf_attr(&at, DW_AT_specification, &attribute))
			return;
		if (!dwarf_formref_die(&attribute, &at))
			return;
	}
}

static const struct debugunit_scope *scope_around(struct debugunit *unit, const unsigned char *addr)
{
	size_t low = 0, high = unit->scope_count;

	while (low < high) { /* the first scope behind addr */
		size_t middle = low + (high - low) / 2;
		if (unit->scopes[middle].start < addr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0) { /* the last scope before it, or around it */
		const struct debugunit_scope *scope = &unit->scopes[low - 1];
		if (addr < scope->end)
			return scope;
		low = scope->parent;
	}
	return NULL;
}

const char *debugunit_scope(struct debugunit *unit, Dwarf_Die *die)
{
	if (!unit->indexed)
		build_index(unit);
	const struct debugunit_scope *found = scope_around(unit, die->addr);
	if (!found)
		return NULL;
	struct debugunit_scope *scope = &unit->scopes[found - unit->scopes];
	if (scope->joined)
		return scope->joined;
	size_t at = (size_t)(scope - unit->scopes) + 1;
	char joined[SCOPE_LIMIT + 1], *start = joined + SCOPE_LIMIT;
	*start = 0;
	for (; at > 0;
	     at = unit->scopes[at - 1].parent) { /* from the innermost outwards, writing from the end */
		const char *name = unit->scopes[at - 1].name ? unit->scopes[at - 1].name : "{anonymous}";
		size_t length = strnlen(name, SCOPE_LIMIT + 1), separator = *start ? 2 : 0;
		if ((size_t)(start - joined) < length + separator)
			break;
		if (separator)
			start = memcpy(start - 2, "::", 2);
		start = memcpy(start - length, name, length);
	}
	return scope->joined = xstrdup(start);
}

/* --- source files --- */

/* Not dwarf_decl_file(): it aborts on a unit without line information. */
static const char *file_number(struct debugunit *unit, Dwarf_CU *cu, Dwarf_Attribute *attribute)
{
	Dwarf_Die other = {0}, *die = cu == unit->root.cu ? &unit->root : &other;
	Dwarf_Word number;
	Dwarf_Files *files = NULL;
	size_t count = 0;

	if (dwarf_formudata(attribute, &number) != 0 ||
	    (cu != unit->root.cu && dwarf_cu_info(cu, NULL, NULL, &other, NULL, NULL, NULL, NULL) != 0))
		return NULL;
	if (dwarf_getsrcfiles(die, &files, &count) != 0 &&
	    (die != &unit->root || dwarf_getsrcfiles(&unit->die, &files, &count) != 0))
		return NULL;
	return number < count ? dwarf_filesrc(files, number, NULL, NULL) : NULL;
}

const char *debugunit_call_site(struct debugunit *unit, Dwarf_Die *die, unsigned *line)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	*line = 0;
	if (dwarf_attr(die, DW_AT_call_line, &attribute) && dwarf_formudata(&attribute, &value) == 0 &&
	    value <= UINT32_MAX)
		*line = (unsigned)value;
	return dwarf_attr(die, DW_AT_call_file, &attribute) ? file_number(unit, die->cu, &attribute) : NULL;
}

const char *debugunit_declared_in(struct debugunit *unit, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;

	return dwarf_attr(die, DW_AT_decl_file, &attribute) ? file_number(unit, die->cu, &attribute) : NULL;
}

void debugunit_free(struct debugunit *unit)
{
	for (size_t i = 0; i < unit->scope_count; i++)
		free(unit->scopes[i].joined);
	free(unit->scopes);
	for (size_t i = 0; i < unit->function_count; i++)
		inlines_free(unit->functions[i].inlines);
	free(unit->functions);
}
