/* SPDX-License-Identifier: Apache-2.0 */
/* tokios.c - see tokios.h. */
#include "head/tokios.h"

#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "head/locate-runtimes.h"
#include "head/meta.h"
#include "head/roles.h"
#include "resolve/elf/address-space.h"
#include "resolve/elf/binary.h"
#include "resolve/symbolize/symbolize.h"
#include "stream/event.h"
#include "tokio/layout-fields.h"
#include "tokio/pollsites.h"
#include "tokio/role.h"

static const char nobody_has_one[] =
	"all threads of the runtime are in block_in_place, so none has a scheduler now";

/* --- which modules --- */

static bool has(const struct tokios *tokios, const struct module *module)
{
	for (size_t i = 0; i < tokios->count; i++)
		if (tokios->module[i] == module)
			return true;
	return false;
}

static void add(struct tokios *tokios, struct module *module)
{
	if (tokios->count < TOKIO_MODULES)
		tokios->module[tokios->count++] = module;
	else
		tokios->more = true;
}

void tokios_main(struct space *space, struct tokios *tokios)
{
	struct module *main = space_main(space);

	*tokios = (struct tokios){0};
	add(tokios, main);
	space_touch(space, main ? main->low : 0);
}

bool tokios_find_all(struct space *space, struct tokios *tokios)
{
	struct module *main = space_main(space), *module;
	const struct mapping *map;

	*tokios = (struct tokios){0};
	if (main) {
		space_touch(space, main->low);
		if (tokio_is_in(main))
			add(tokios, main);
	}
	for (size_t i = 0; (map = space_at(space, i)); i++)
		if (map->executable && map->path[0] == '/' && (module = space_module(space, map->start)) &&
		    module != main && !has(tokios, module) && !space_is_repeated(space, map->start) &&
		    tokio_is_in(module))
			add(tokios, module);
	return tokios->count;
}

void tokios_find(struct space *space, struct tokios *tokios)
{
	if (!tokios_find_all(space, tokios))
		tokios_main(space, tokios);
}

/* Is it the only one, in the executable? Then messages need not name the file. */
static bool only_main(struct space *space, const struct tokios *tokios)
{
	return tokios->count == 1 && tokios->module[0] == space_main(space);
}

/* " in FILE", or "" if there is no doubt; the caller frees it. */
static char *in_file(struct space *space, const struct tokios *tokios, size_t i)
{
	const struct module *module = tokios->module[i];

	return only_main(space, tokios) || !module ? xstrdup("")
						   : xasprintf(" in %s", lbasename(module->path));
}

/* --- where their state is --- */

static void write_layout(FILE *out, const struct tokio_layout *layout, const char *in)
{
	char *fields = tokio_layout_fields(layout), *text = xasprintf("%s%s", fields, in);

	event_write(out, &(struct event){.kind = EVENT_TOKIO, .key = text});
	free(text);
	free(fields);
}

/* Is the C library musl? */
static bool is_musl(struct space *space)
{
	const struct mapping *map;

	for (size_t i = 0; (map = space_at(space, i)); i++)
		if (!strncmp(lbasename(map->path), "ld-musl-", 8) ||
		    !strncmp(lbasename(map->path), "libc.musl-", 10))
			return true;
	return false;
}

const char *tokios_state(pid_t pid, struct space *space, struct module *module, struct thread *threads,
			 size_t count, struct tokio_layout *layout)
{
	struct tokio_layouts layouts;
	const char *why;

	space_touch(space, module ? module->low : 0);
	why = tokio_find(module, &layouts);
	if (!why && module != space_main(space) &&
	    !tls_block_of(pid, module, layouts.tls_size, is_musl(space), &layouts.block))
		why = "its relocations do not tell where its thread-local memory is";
	if (!why)
		why = tokio_verify(pid, threads, count, &layouts, layout);
	if (!why)
		locate_runtimes(pid, module, &layouts.runtime, threads, count, layout);
	return why;
}

static size_t count_current_threads(const struct thread *threads, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += threads[i].role == ROLE_CURRENT_THREAD;
	return found;
}

/* Tells how current-thread runtimes are seen: `known` Tokios tell the polls of their tasks apart, `whole` also those of
 * block_on's own future. */
static void tell_of_current_threads(FILE *out, size_t known, size_t whole)
{
	if (!known)
		head_meta(out, "warning",
			  "without debug info the polls of a current-thread runtime cannot be told apart: it "
			  "is left out; --polls estimate includes it");
	else if (!whole)
		head_meta(out, "block-on", "stacks");
	else if (whole < known)
		head_meta(out, "warning",
			  "without debug info the future of a current-thread runtime's block_on is left out: "
			  "only its tasks are told apart");
}

/* Writes why a line of this kind is missing, for one Tokio. */
static void write_unknown(FILE *out, enum event_kind kind, const char *why, const char *in)
{
	char *text = xasprintf("%s%s", why, in);

	event_write(out, &(struct event){.kind = kind, .text = text});
	free(text);
}

void tokios_write(FILE *out, pid_t pid, struct space *space, const struct tokios *tokios,
		  struct thread *threads, size_t count, bool unscheduled)
{
	size_t found = 0, known = 0, whole = 0, queueless = 0, beyond = tokios->more;
	const char *why[TOKIO_MODULES] = {NULL};

	roles_read_thread_pointers(threads, count);
	for (size_t i = 0; i < tokios->count; i++) {
		char *in = in_file(space, tokios, i);
		struct tokio_layout layout;

		why[i] = unscheduled ? nobody_has_one
				     : tokios_state(pid, space, tokios->module[i], threads, count, &layout);
		beyond += !why[i] && found == TOKIOS;
		if (!why[i] && found < TOKIOS) {
			write_layout(out, &layout, in);
			queueless += layout.multi_thread.known && !layout.queues.head;
			found++;
			known += layout.current_thread.known;
			whole += layout.current_thread.known &&
				 layout.current_thread.idle != layout.current_thread.counter;
		}
		free(in);
	}
	for (size_t i = 0; i < tokios->count; i++) {
		char *in = in_file(space, tokios, i);

		/* No thread runs it: nothing is missing. */
		if (why[i] && !found)
			write_unknown(out, EVENT_TOKIO, why[i], in);
		else if (why[i] && why[i] != tokio_not_scheduled)
			head_metaf(out, "warning",
				   "Tokio%s: its state cannot be read, so its polls are left out: %s; "
				   "--polls estimate includes them",
				   in, why[i]);
		free(in);
	}
	if (beyond)
		head_metaf(out, "warning",
			   "more than %d libraries have a Tokio: the polls of the others are left out; "
			   "--polls estimate includes them",
			   TOKIOS);
	if (queueless)
		head_meta(out, "no-queues",
			  "where this version of Tokio keeps its queues is not known without debug info, or "
			  "not confirmed by "
			  "its memory");
	if (found && count_current_threads(threads, count))
		tell_of_current_threads(out, known, whole);
}

/* --- where their polls begin and end --- */

/* The file as it is mapped; the caller frees it. */
static char *mapped_file(pid_t pid, struct space *space, const struct module *module)
{
	const struct mapping *map = module == space_main(space) ? NULL : space_mapping(space, module->low);

	return map ? xasprintf("/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, map->start, map->end)
		   : xasprintf("/proc/%d/exe", (int)pid);
}

static void write_sites(FILE *out, const struct module *module, const struct pollsites *sites, bool starts)
{
	for (size_t i = 0; i < sites->count; i++) {
		const struct pollsite *site = &sites->site[i];
		uint64_t address = starts ? site->function : site->address;

		event_write(out, &(struct event){.kind = EVENT_SITE,
						 .key = (char[]){SITE_KINDS[site->kind], '\0'},
						 .poll.site = address,
						 .site = {address - module->bias,
							  site->slow || address != site->address},
						 .text = site->future});
	}
}

void tokios_write_sites(FILE *out, pid_t pid, struct space *space, const struct tokios *tokios, bool starts)
{
	struct symbolizer *symbolizer = symbolizer_new(space);
	struct pollsites sites[TOKIO_MODULES];
	size_t done = 0, all = 0;
	const char *why = tokios->more ? "too many libraries have a Tokio" : NULL;

	for (; done < tokios->count && !why; done++) {
		struct module *module = tokios->module[done];

		space_touch(space, module ? module->low : 0);
		why = pollsites_find(pid, module, symbolizer, &sites[done]);
		char *file = why ? NULL : mapped_file(pid, space, module);

		if (file)
			why = binary_file_symtab_problem(file);
		free(file);
		all += sites[done].count;
		if (!why && all > POLLSITES_LIMIT)
			why = pollsites_too_many;
	}
	if (why) {
		char *in = in_file(space, tokios, done ? done - 1 : 0);

		write_unknown(out, EVENT_SITE, why, in);
		free(in);
	}
	for (size_t i = 0; i < done; i++) {
		if (!why)
			write_sites(out, tokios->module[i], &sites[i], starts);
		pollsites_free(&sites[i]);
	}
	symbolizer_free(symbolizer);
}
