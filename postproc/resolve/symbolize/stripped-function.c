/* SPDX-License-Identifier: Apache-2.0 */
/* stripped-function.c - see stripped-function.h. */
#include "resolve/symbolize/stripped-function.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "resolve/elf/module.h"
#include "resolve/symbolize/origin.h"
#include "resolve/symbolize/panic-locations.h"

#define NEIGHBOURS 4	       /* checked on each side */
#define RUNTIME_FILES_MAX 4096 /* bytes */
#define FILES_MAX 1100

static enum origin origin_of_file(const char *file)
{
	return origin_of(&(struct origin_facts){.file = file, .mapped = true, .main = true});
}

/* User before dependency before runtime before std: a function calls what is inlined into it. */
static enum origin origin_of_function(const struct function *f)
{
	enum origin best = ORIGIN_UNKNOWN;

	for (size_t i = 0; i < f->count; i++) {
		enum origin origin = origin_of_file(f->location[i].file);

		if (origin != ORIGIN_UNKNOWN && (best == ORIGIN_UNKNOWN || origin < best))
			best = origin;
	}
	return best;
}

/* The origin of the code around the function, if that belongs to one library only. */
static enum origin origin_of_neighbours(struct module *module, const struct function *f)
{
	enum origin best = ORIGIN_STD;

	for (int after = 0; after < 2; after++) {
		const struct function *beside = f;

		for (size_t i = 0; i < NEIGHBOURS; i++) {
			beside = locations_beside(module, beside, after);
			if (!beside && !after)
				return ORIGIN_UNKNOWN; /* the crates being built are linked first */
			if (!beside)
				break;
			enum origin origin = origin_of_function(beside);

			if (origin == ORIGIN_USER || origin == ORIGIN_UNKNOWN)
				return ORIGIN_UNKNOWN;
			if (origin < best)
				best = origin;
		}
	}
	return best;
}

/* Appends to the text, unless that makes it too long. */
static void append(char **text, const char *between, const char *more, size_t limit)
{
	char *longer;

	if ((*text ? strlen(*text) : 0) + strlen(between) + strlen(more) > limit)
		return;
	longer = *text ? concat(*text, between, more, NULL) : xstrdup(more);
	free(*text);
	*text = longer;
}

/* The runtime's files, and the files of the function's origin, each once. */
static void read_files(struct nameless *what, const struct function *f)
{
	size_t files = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct location *location = &f->location[i];
		enum origin origin = origin_of_file(location->file);
		size_t first = 0;

		while (f->location[first].file != location->file) /* equal texts are one string */
			first++;
		if (origin == ORIGIN_RUNTIME && first == i)
			append(&what->runtime_files, "\n", location->file, RUNTIME_FILES_MAX);
		if (origin != what->origin)
			continue;
		if (first == i && files++ == 0)
			append(&what->file, "", location->file, FILES_MAX);
		else if (first == i)
			append(&what->file, ", ", lbasename(location->file), FILES_MAX);
		if (what->line == 0 || location->line < what->line)
			what->line = location->line;
	}
	/* It is not known which of them is inlined at pc. */
	if (files > 1)
		what->line = 0;
}

bool nameless_find(struct module *module, uint64_t pc, bool main, struct nameless *what)
{
	const struct function *f = module->dwfl ? locations_find(module, pc) : NULL;

	*what = (struct nameless){.origin = ORIGIN_UNKNOWN};
	if (!f)
		return false;
	what->start = f->start;
	what->origin = origin_of_function(f);
	read_files(what, f);
	if (f->count == 0)
		what->origin = main ? origin_of_neighbours(module, f) : ORIGIN_SYSTEM;
	return true;
}
