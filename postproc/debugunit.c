#include "debugunit.h"

#include <dwarf.h>
#include <libiberty/libiberty.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_LIMIT 64	   /* of namespaces within namespaces */
#define REFERENCE_LIMIT 16 /* of DW_AT_abstract_origin and DW_AT_specification, one leading to the next */
#define RANGES_LIMIT (1u << 22) /* of all functions: many may share a long list */
#define SCOPE_LIMIT 512		/* bytes of a joined scope */

/* A piece of a function's machine code; a function split in hot and cold has several. */
struct debugunit_function {
	Dwarf_Addr low, high;
	void *entry; /* Dwarf_Die.addr */
};

/* A namespace or type that functions are declared in. */
struct debugunit_scope {
	unsigned char *start, *end; /* its entries lie between */
	size_t parent;		    /* index + 1 in the array; 0: the unit */
	size_t functions;	    /* how many the walk had met when it came here */
	const char *name;	    /* NULL if it has none */
	char *joined;		    /* with its parents; made when asked for */
};

/* --- the index --- */

static void add_function(struct debugunit *unit, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;

	while (unit->ranges++ < RANGES_LIMIT && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0) {
		if (low == 0 || low >= high) /* thrown away by the linker */
			continue;
		if (unit->function_count == unit->function_size) {
			unit->function_size = 2 * unit->function_size + 32;
			unit->functions =
				xrealloc(unit->functions, unit->function_size * sizeof(*unit->functions));
		}
		unit->functions[unit->function_count++] = (struct debugunit_function){low, high, die->addr};
	}
}

static size_t add_scope(struct debugunit *unit, Dwarf_Die *die, size_t parent, size_t functions)
{
	if (unit->scope_count == unit->scope_size) {
		unit->scope_size = 2 * unit->scope_size + 32;
		unit->scopes = xrealloc(unit->scopes, unit->scope_size * sizeof(*unit->scopes));
	}
	unit->scopes[unit->scope_count++] =
		(struct debugunit_scope){.start = die->addr, .parent = parent, .functions = functions};
	return unit->scope_count;
}

/* Ends a scope; one without functions, like most types, is not kept. */
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

/* The entry at the byte after `addr`, in the same unit. False at the end of the unit. */
static bool entry_after(struct debugunit *unit, Dwarf *dwarf, unsigned char *addr, Dwarf_Die *die)
{
	Dwarf_Die here = {.addr = addr, .cu = unit->root.cu};

	return dwarf_offdie(dwarf, dwarf_dieoffset(&here) + 1, die) && die->cu == unit->root.cu;
}

static int by_low(const void *a, const void *b)
{
	const struct debugunit_function *x = a, *y = b;

	return x->low != y->low ? (x->low < y->low ? -1 : 1) : (x->high > y->high) - (x->high < y->high);
}

/* Goes through the unit once, in the order of the section: dwarf_siblingof from a namespace to the next one
 * would read all its entries again. */
static void walk(struct debugunit *unit)
{
	Dwarf *dwarf = dwarf_cu_getdwarf(unit->root.cu);
	size_t open[DEPTH_LIMIT] = {0}; /* scopes, as index + 1 */
	size_t depth = 0, functions = 0;
	Dwarf_Die die, next;

	if (!dwarf || dwarf_child(&unit->root, &die) != 0)
		return;
	for (;;) {
		int tag = dwarf_tag(&die);
		if (tag == DW_TAG_subprogram) {
			functions++;
			add_function(unit, &die);
		}
		if (holds_functions(tag) && depth + 1 < DEPTH_LIMIT && dwarf_child(&die, &next) == 0) {
			size_t scope = add_scope(unit, &die, open[depth], functions);
			open[++depth] = scope;
			die = next;
			continue;
		}
		next = (Dwarf_Die){0};
		int end = dwarf_siblingof(&die, &next);
		if (end == 0) {
			die = next;
			continue;
		}
		/* After the last entry of a scope `next` is the null entry that ends it. */
		while (end > 0 && next.addr && *(unsigned char *)next.addr == 0 && depth > 0) {
			end_scope(unit, open[depth--], next.addr, functions);
			if (!entry_after(unit, dwarf, next.addr, &next))
				end = -1;
		}
		if (end < 0 || !next.addr || *(unsigned char *)next.addr == 0)
			return;
		die = next;
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
	walk(unit);
	if (unit->function_count > 0)
		qsort(unit->functions, unit->function_count, sizeof(*unit->functions), by_low);
}

/* --- functions --- */

static const struct debugunit_function *function_at(struct debugunit *unit, Dwarf_Addr addr)
{
	size_t low = 0, high = unit->function_count;

	while (low < high) { /* the first that begins after addr */
		size_t middle = low + (high - low) / 2;
		if (unit->functions[middle].low <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i > 0 && low - i < 8; i--)
		if (addr < unit->functions[i - 1].high)
			return &unit->functions[i - 1];
	return NULL;
}

/* The inlined function or block directly within `parent` that `addr` is in. */
static bool child_at(Dwarf_Die *parent, Dwarf_Addr addr, Dwarf_Die *child)
{
	if (dwarf_child(parent, child) != 0)
		return false;
	do {
		int tag = dwarf_tag(child);
		bool code = tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block ||
			    tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
		if (code && dwarf_haspc(child, addr) == 1)
			return true;
	} while (dwarf_siblingof(child, child) == 0);
	return false;
}

size_t debugunit_chain(struct debugunit *unit, Dwarf_Addr addr, Dwarf_Die *chain, size_t limit,
		       Dwarf_Addr *start)
{
	size_t count = 0;

	if (!unit->indexed)
		build_index(unit);
	const struct debugunit_function *function = function_at(unit, addr);
	if (!function || limit == 0)
		return 0;
	*start = function->low;
	Dwarf_Die die = {.addr = function->entry, .cu = unit->root.cu}, child;
	chain[count++] = die;
	while (count < limit && child_at(&die, addr, &child)) {
		die = child;
		if (dwarf_tag(&die) == DW_TAG_inlined_subroutine)
			chain[count++] = die;
	}
	return count;
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
		*declared =
			at; /* the last: a member function's name may stand outside, its declaration inside */
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

	while (low < high) { /* the first that begins after addr */
		size_t middle = low + (high - low) / 2;
		if (unit->scopes[middle].start < addr)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0) { /* the last one before it, or one that this is in */
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
	     at = unit->scopes[at - 1].parent) { /* from the inside out, from the back to the front */
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

/* dwarf_decl_file would do for one of the callers, but it aborts on a unit without line information. */
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
	free(unit->functions);
}
