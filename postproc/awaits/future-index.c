/* SPDX-License-Identifier: Apache-2.0 */
/* future-index.c - see future-index.h. Names are those of rustc 1.63 to 1.95 and Tokio 1.24 to 1.53. */
#include "awaits/future-index.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bisect.h"
#include "base/grow.h"
#include "base/progress.h"
#include "resolve/elf/budget.h"
#include "resolve/elf/module.h"
#include "resolve/symbolize/dwarfwalk.h"

#define DEPTH_LIMIT 64	 /* levels of namespaces */
#define PATH_LIMIT 65536 /* bytes of a path, or of a name */
#define SIBLINGS 4096	 /* entries that are looked at for one among them */
#define CHECK_EVERY 4096 /* entries between looks at the time */

/* What is found by a number. `at` is an entry's offset in the section. */
struct found {
	uint64_t key, at;
};

/* Sorted by key after the index is built. */
struct list {
	struct found *found;
	size_t count, size;
};

/* A namespace: the entries between two offsets. */
struct scope {
	uint64_t start, end;
	size_t parent; /* index + 1; 0: none */
	const char *name;
	const char *joined; /* its path, made on first use */
};

struct future_index {
	Dwarf *dwarf;
	Dwarf_Addr bias;
	bool complete;
	struct list polls;    /* by the address where they begin */
	struct list vtables;  /* by address; `at` is of the type */
	struct list cores;    /* by hash of their generic arguments */
	struct list bodies;   /* by hash of their path */
	struct list blockers; /* block_on<F>, by hash of their name */
	struct list pollable; /* by hash of the type's path; `at` holds POLLED_AS_* */
	struct scope *scopes; /* by start */
	size_t scope_count, scope_size;
	struct arena *texts;
};

/* A walk through a unit. */
struct reading {
	struct future_index *index;
	char path[PATH_LIMIT]; /* of the namespaces around the current entry, with "::" behind each */
	size_t length[DEPTH_LIMIT + 2]; /* by depth: of the path around entries there */
	size_t scope[DEPTH_LIMIT + 2];	/* by depth: their scope, as index + 1 */
	size_t depth;
};

/* Names are long; hostile ones that are made to collide only mistake their own types. */
static uint64_t hash(uint64_t h, const char *text, size_t length)
{
	while (length) {
		uint64_t word = 0;
		size_t step = length < 8 ? length : 8;

		memcpy(&word, text, step);
		h = (h ^ word ^ step) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
		text += step;
		length -= step;
	}
	return h;
}

static uint64_t hash_path(const char *path)
{
	return hash(0, path, strlen(path));
}

static void add(struct list *list, uint64_t key, uint64_t at)
{
	GROW(list->found, list->size, list->count + 1);
	list->found[list->count++] = (struct found){key, at};
}

static int by_key(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

static void sort(struct list *list)
{
	if (list->count)
		qsort(list->found, list->count, sizeof(*list->found), by_key);
}

/* The first with this key, or the end. */
static const struct found *first(const struct list *list, uint64_t key, const struct found **end)
{
	size_t at = key ? FIRST_BEYOND(list->found, list->count, key, key - 1) : 0;

	*end = list->found + list->count;
	return list->found + at;
}

const char *future_index_name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	return name && strnlen(name, PATH_LIMIT) < PATH_LIMIT ? name : NULL;
}

/* --- namespaces --- */

static void enter(struct reading *reading, Dwarf_Die *die)
{
	struct future_index *index = reading->index;
	const char *name = future_index_name(die);
	size_t depth = reading->depth, length = reading->length[depth], longer = name ? strlen(name) : 0;

	if (length + longer + 3 > PATH_LIMIT)
		longer = 0;
	memcpy(reading->path + length, name ? name : "", longer);
	memcpy(reading->path + length + longer, "::", 3);
	GROW(index->scopes, index->scope_size, index->scope_count + 1);
	index->scopes[index->scope_count++] = (struct scope){.start = dwarf_dieoffset(die),
							     .end = UINT64_MAX,
							     .parent = reading->scope[depth],
							     .name = name ? name : "?"};
	reading->length[depth + 1] = length + longer + 2;
	reading->scope[depth + 1] = index->scope_count;
}

/* The namespaces deeper than `depth` end before `end`. */
static void leave(struct reading *reading, size_t depth, uint64_t end)
{
	for (; reading->depth > depth; reading->depth--)
		reading->index->scopes[reading->scope[reading->depth] - 1].end = end;
	reading->path[reading->length[depth]] = '\0';
}

/* The whole path of `name` in the current namespace, as a hash. */
static uint64_t hash_here(struct reading *reading, const char *name)
{
	size_t length = reading->length[reading->depth], more = strlen(name);

	if (length + more >= PATH_LIMIT)
		return hash(1, name, more);
	memcpy(reading->path + length, name, more + 1);
	uint64_t h = hash_path(reading->path);
	reading->path[length] = '\0';
	return h;
}

static bool is_here(const struct reading *reading, const char *path)
{
	return !strcmp(reading->path, path);
}

/* --- entries --- */

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The hash of the generic arguments of a name that begins with `before`, "Core<" or "Pin<&mut ". */
static bool hash_arguments(const char *name, const char *before, uint64_t *key)
{
	size_t length = name ? strlen(name) : 0, skip = strlen(before);

	if (length <= skip || !starts(name, before) || name[length - 1] != '>')
		return false;
	*key = hash(0, name + skip, length - skip - 1);
	return true;
}

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type);
}

static bool first_parameter(Dwarf_Die *function, Dwarf_Die *parameter)
{
	Dwarf_Die child;
	unsigned entries = 0;

	if (dwarf_child(function, &child))
		return false;
	do {
		if (dwarf_tag(&child) == DW_TAG_formal_parameter) {
			*parameter = child;
			return true;
		}
	} while (dwarf_tag(&child) != DW_TAG_lexical_block && ++entries < SIBLINGS &&
		 dwarf_siblingof(&child, &child) == 0);
	return false;
}

/* A function poll(self: Pin<&mut X>, ..): X can be polled. */
static void add_pollable(struct reading *reading, Dwarf_Die *function, unsigned how)
{
	Dwarf_Die parameter, type;
	uint64_t key;

	if (first_parameter(function, &parameter) && type_of(&parameter, &type) &&
	    hash_arguments(future_index_name(&type), "Pin<&mut ", &key))
		add(&reading->index->pollable, key, how);
}

/* A method's definition stands outside its namespace; its symbol has the path. */
static bool is_of_runtime(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	const char *symbol = dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute));

	return symbol && strnlen(symbol, PATH_LIMIT) < PATH_LIMIT && strstr(symbol, "5tokio7runtime");
}

static void add_function(struct reading *reading, Dwarf_Die *die)
{
	struct future_index *index = reading->index;
	const char *name = future_index_name(die);
	Dwarf_Addr low;

	if (!name)
		return;
	if (starts(name, "{async_")) {
		add(&index->bodies, hash_here(reading, name), dwarf_dieoffset(die));
	} else if (starts(name, "block_on<")) {
		if (is_of_runtime(die))
			add(&index->blockers, hash_path(name), dwarf_dieoffset(die));
	} else if (starts(name, "poll")) {
		bool plain = !name[4] || name[4] == '<';

		if (plain && is_here(reading, "tokio::runtime::task::raw::")) {
			if (dwarf_lowpc(die, &low) == 0 && low)
				add(&index->polls, low, dwarf_dieoffset(die));
		} else if (plain) {
			add_pollable(reading, die, POLLED_AS_FUTURE);
		} else if (!strcmp(name, "poll_next") || starts(name, "poll_next<")) {
			add_pollable(reading, die, POLLED_AS_STREAM);
		}
	}
}

static void add_vtable(struct reading *reading, Dwarf_Die *die)
{
	const char *name = future_index_name(die);
	size_t length = name ? strlen(name) : 0;
	Dwarf_Attribute attribute;
	Dwarf_Die table, type;
	Dwarf_Op *op;
	size_t count;

	if (length < 8 || strcmp(name + length - 8, "{vtable}") != 0 ||
	    !dwarf_attr(die, DW_AT_location, &attribute) || dwarf_getlocation(&attribute, &op, &count) ||
	    count != 1 || op->atom != DW_OP_addr || !op->number || !type_of(die, &table) ||
	    !dwarf_formref_die(dwarf_attr(&table, DW_AT_containing_type, &attribute), &type))
		return;
	add(&reading->index->vtables, op->number, dwarf_dieoffset(&type));
}

static void add_type(struct reading *reading, Dwarf_Die *die)
{
	uint64_t key;

	if (is_here(reading, "tokio::runtime::task::core::") &&
	    hash_arguments(future_index_name(die), "Core<", &key))
		add(&reading->index->cores, key, dwarf_dieoffset(die));
}

/* Returns false when the time is up. */
static bool read_unit(struct reading *reading, Dwarf_Die *unit, uint64_t until)
{
	struct dwarfwalk walk;
	unsigned entries = 0;

	reading->depth = 1;
	reading->length[1] = reading->scope[1] = 0;
	reading->path[0] = '\0';
	for (bool more = dwarfwalk_begin(&walk, unit); more;) {
		int tag = dwarf_tag(&walk.die);
		bool inside = tag == DW_TAG_namespace && reading->depth < DEPTH_LIMIT;

		if (tag == DW_TAG_subprogram)
			add_function(reading, &walk.die);
		else if (tag == DW_TAG_structure_type)
			add_type(reading, &walk.die);
		else if (tag == DW_TAG_variable && reading->depth == 1)
			add_vtable(reading, &walk.die);
		else if (inside)
			enter(reading, &walk.die);
		if (++entries % CHECK_EVERY == 0 && budget_now() > until)
			return false;
		more = dwarfwalk_next(&walk, inside);
		/* A namespace without entries was not entered. */
		reading->depth += inside;
		leave(reading, more ? walk.depth : 1, more ? dwarf_dieoffset(&walk.die) : UINT64_MAX);
	}
	return true;
}

/* The scopes of the unit that are still open end with it. */
static void end_scopes(struct future_index *index, size_t from, Dwarf_Die *unit)
{
	Dwarf_Off end = dwarf_dieoffset(unit);
	Dwarf_Off next;
	size_t header;

	if (dwarf_nextcu(index->dwarf, dwarf_dieoffset(unit) - dwarf_cuoffset(unit), &next, &header, NULL,
			 NULL, NULL) == 0)
		end = next;
	for (size_t i = from; i < index->scope_count; i++)
		if (index->scopes[i].end == UINT64_MAX)
			index->scopes[i].end = end;
}

static void read_units(struct future_index *index, struct module *module)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));
	uint64_t begun = budget_now();
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint8_t type;

	reading->index = index;
	while (dwarf_get_units(index->dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		size_t scopes = index->scope_count;

		if (type != DW_UT_compile && type != DW_UT_partial)
			continue;
		index->complete = read_unit(reading, &die, begun + BUDGET_DEBUG - module->debug_time);
		end_scopes(index, scopes, &die);
		if (!index->complete)
			break;
	}
	free(reading);
	module->debug_time += budget_now() - begun;
}

/* One entry for each type. */
static void unite(struct list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (kept && list->found[kept - 1].key == list->found[i].key)
			list->found[kept - 1].at |= list->found[i].at;
		else
			list->found[kept++] = list->found[i];
	}
	list->count = kept;
}

struct future_index *future_index_new(struct module *module)
{
	struct future_index *index = xcalloc(1, sizeof(*index));

	index->texts = arena_new();
	index->complete = true;
	if (module->dwfl)
		index->dwarf = dwfl_module_getdwarf(module->dwfl, &index->bias);
	if (!index->dwarf)
		return index;
	if (module->debug_time >= BUDGET_DEBUG) {
		index->complete = false;
		return index;
	}
	progress_begin("reading the types of", module->path);
	read_units(index, module);
	sort(&index->polls);
	sort(&index->blockers);
	sort(&index->vtables);
	sort(&index->cores);
	sort(&index->bodies);
	sort(&index->pollable);
	unite(&index->pollable);
	progress_end();
	return index;
}

void future_index_free(struct future_index *index)
{
	if (!index)
		return;
	free(index->polls.found);
	free(index->blockers.found);
	free(index->vtables.found);
	free(index->cores.found);
	free(index->bodies.found);
	free(index->pollable.found);
	free(index->scopes);
	arena_free(index->texts);
	free(index);
}

/* --- what is asked for --- */

bool future_index_complete(const struct future_index *index)
{
	return index->complete;
}

bool future_index_has_types(const struct future_index *index)
{
	return index->cores.count > 0;
}

bool future_index_has_polls(const struct future_index *index)
{
	return index->polls.count > 0;
}

bool future_index_entry(const struct future_index *index, uint64_t offset, Dwarf_Die *die)
{
	return index->dwarf && dwarf_offdie(index->dwarf, offset, die);
}

static size_t all(const struct future_index *index, const struct list *list, uint64_t key, Dwarf_Die *dies,
		  size_t size)
{
	const struct found *end, *found = first(list, key, &end);
	size_t count = 0;

	for (; found < end && found->key == key && count < size; found++)
		count += future_index_entry(index, found->at, &dies[count]);
	return count;
}

size_t future_index_block_ons(const struct future_index *index, Dwarf_Die *functions, size_t size)
{
	const struct list *list = &index->blockers;
	size_t count = 0;

	for (size_t i = 0; i < list->count && count < size; i++)
		if ((!i || list->found[i].key != list->found[i - 1].key) &&
		    future_index_entry(index, list->found[i].at, &functions[count]))
			count++;
	return count;
}

size_t future_index_polls(const struct future_index *index, uint64_t address, Dwarf_Die *polls, size_t size)
{
	return all(index, &index->polls, address - index->bias, polls, size);
}

/* Best is the one in the function's own unit: other crates may have types with the same path. */
bool future_index_core(const struct future_index *index, Dwarf_Die *poll, Dwarf_Die *core)
{
	const struct found *end, *found;
	bool any = false;
	uint64_t key;

	if (!hash_arguments(future_index_name(poll), "poll<", &key))
		return false;
	for (found = first(&index->cores, key, &end); found < end && found->key == key; found++) {
		Dwarf_Die die;

		if (!future_index_entry(index, found->at, &die))
			continue;
		if (!any || die.cu == poll->cu)
			*core = die;
		any = true;
		if (die.cu == poll->cu)
			break;
	}
	return any;
}

bool future_index_vtable(const struct future_index *index, uint64_t address, Dwarf_Die *type)
{
	return all(index, &index->vtables, address - index->bias, type, 1) == 1;
}

unsigned future_index_polled(const struct future_index *index, const char *path)
{
	uint64_t key = hash_path(path);
	const struct found *end, *found = first(&index->pollable, key, &end);

	return found < end && found->key == key ? (unsigned)found->at : 0;
}

size_t future_index_bodies(const struct future_index *index, const char *path, Dwarf_Die *bodies, size_t size)
{
	return all(index, &index->bodies, hash_path(path), bodies, size);
}

/* The path of scope `number` (index + 1). */
static const char *joined(struct future_index *index, size_t number)
{
	struct scope *scope = &index->scopes[number - 1];
	const char *before;
	char *path;

	if (scope->joined)
		return scope->joined;
	before = scope->parent ? joined(index, scope->parent) : "";
	path = concat(before, scope->parent ? "::" : "", scope->name, NULL);
	scope->joined = arena_copy(index->texts, path, strnlen(path, PATH_LIMIT));
	free(path);
	return scope->joined;
}

const char *future_index_scope(struct future_index *index, uint64_t offset)
{
	size_t number = FIRST_BEYOND(index->scopes, index->scope_count, start, offset);

	while (number && index->scopes[number - 1].end <= offset)
		number = index->scopes[number - 1].parent;
	return number ? joined(index, number) : "";
}
