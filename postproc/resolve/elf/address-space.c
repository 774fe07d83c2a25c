/* SPDX-License-Identifier: Apache-2.0 */
#include "resolve/elf/address-space.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bisect.h"
#include "base/grow.h"
#include "base/progress.h"
#include "resolve/elf/binary.h"
#include "resolve/elf/debugfile.h"
#include "sandbox/debuginfod.h"

#define DEBUGINFOD_LIMIT 30 /* seconds, for all lookups together */

static const char no_answer[] = "debuginfod took too long to answer and was not asked again";

/* A mapping (or what later mappings left of it), the kernel's whole mapping, and its module. */
struct region {
	struct mapping map;
	uint64_t vma_start, vma_end;
	struct module *module; /* NULL until first needed */
};

/* A module, and what libdwfl's callbacks need. */
struct loaded {
	struct module module; /* first */
	struct space *space;
	char *said;	   /* a problem of its own words, or NULL */
	bool debug_sought; /* libdwfl asks once for the symbols and once for the rest, where there is nothing */
};

/* A file that must not be read any more. */
struct given_up {
	char *path;
	const char *why;
};

/* A file named by --target. */
struct target_file {
	char *path;
	char build_id[BUILD_ID_HEX];
};

struct space {
	long pid;
	char *exe; /* without " (deleted)"; NULL if unknown */
	struct target_file target[TARGETS];
	size_t targets;
	bool targets_read;	/* their build ids are known */
	struct region *regions; /* sorted, not overlapping */
	size_t count, size, added;
	struct loaded **modules;
	size_t module_count, module_size;
	struct module *main; /* NULL: not looked for, or there is none */
	bool main_sought;    /* looked for since the last mapping was added */
	bool debuginfod;
	time_t debuginfod_spent; /* seconds waited for servers so far */
	struct given_up *given_up;
	size_t given_ups;
	volatile uint64_t *touched; /* NULL if nobody watches */
	Dwfl *dwfl;
};

bool targets_add(struct targets *targets, const char *file)
{
	for (size_t i = 0; i < TARGETS; i++)
		if (!targets->file[i]) {
			targets->file[i] = file;
			return true;
		}
	return false;
}

/* Does the file have the build id of a module? */
static bool fits_any(const struct space *space, const struct target_file *target)
{
	for (size_t i = 0; i < space->count && target->build_id[0]; i++)
		if (!strcmp(space->regions[i].map.build_id, target->build_id))
			return true;
	return false;
}

/* The --target for a module: the one with its build id. For the executable it may also be one that fits no
 * module: then its problem is reported, or it is used unchecked if no build id was recorded. */
static const char *target_of(struct space *space, const char *build_id, bool is_main)
{
	for (size_t i = 0; i < space->targets && !space->targets_read; i++)
		binary_file_build_id(space->target[i].path, space->target[i].build_id);
	space->targets_read = true;
	for (size_t i = 0; i < space->targets; i++)
		if (build_id[0] && !strcmp(space->target[i].build_id, build_id))
			return space->target[i].path;
	for (size_t i = 0; i < space->targets && is_main; i++)
		if (!fits_any(space, &space->target[i]))
			return space->target[i].path;
	return NULL;
}

/* --- libdwfl's callbacks --- */

/* Not called for modules that were reported with their file. If it were: a guessed file is worse than
 * none. */
static int find_elf(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base, char **file_name,
		    Elf **elf)
{
	(void)mod, (void)userdata, (void)name, (void)base, (void)file_name, (void)elf;
	return -1;
}

/* Announces that the servers are asked. Returns false if they have used up their time. */
static bool remote_begin(const struct space *space, struct timespec *start, const char *what,
			 const char *path)
{
	if (space->debuginfod_spent >= DEBUGINFOD_LIMIT)
		return false;
	clock_gettime(CLOCK_MONOTONIC, start);
	progress_begin(what, path);
	return true;
}

/* Returns whether they have used up their time now. */
static bool remote_end(struct space *space, const struct timespec *start)
{
	struct timespec end;

	progress_end();
	clock_gettime(CLOCK_MONOTONIC, &end);
	space->debuginfod_spent += end.tv_sec - start->tv_sec;
	return space->debuginfod_spent >= DEBUGINFOD_LIMIT;
}

/* Asks the servers for a mapping's file that is not here. */
static void find_remote_binary(struct space *space, const struct mapping *mapping, struct binary *binary)
{
	struct timespec start;
	const char *id = mapping->build_id;

	if (!id[0] || strlen(id) >= BUILD_ID_HEX || strspn(id, "0123456789abcdef") != strlen(id) ||
	    !remote_begin(space, &start, "asking debuginfod for", mapping->path))
		return;
	int fd = debuginfod_executable(id);

	if (remote_end(space, &start) && fd < 0)
		binary->problem = no_answer;
	if (fd >= 0)
		binary_take(fd, mapping, binary);
}

/* Asks the servers, unless they have used up their time. */
static int find_remote(struct loaded *loaded, const char *build_id, char **found)
{
	struct space *space = loaded->space;
	struct timespec start;

	if (!remote_begin(space, &start, "asking debuginfod for the debug info of", loaded->module.path))
		return -1;
	int fd = debuginfod_debuginfo(build_id);
	bool over = remote_end(space, &start);

	if (fd < 0 && over && !loaded->module.problem)
		loaded->module.problem = no_answer;
	if (fd >= 0 && !binary_is_build(fd, build_id)) {
		close(fd);
		return -1;
	}
	if (fd >= 0)
		*found = xasprintf("debuginfod:%s", build_id);
	return fd;
}

static int find_debuginfo(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base,
			  const char *file_name, const char *link, GElf_Word crc, char **found)
{
	struct loaded *loaded = userdata ? *userdata : NULL;
	struct space *space = loaded ? loaded->space : NULL;
	char hex[BUILD_ID_HEX] = "";
	const unsigned char *bits;
	GElf_Addr vaddr;

	(void)name, (void)base;
	if (!space)
		return -1;
	if (link && crc == 0 && file_name) /* libdwfl asks this way for the part that debug files share */
		return debugfile_open_common(file_name, link, found);
	if (loaded->debug_sought)
		return -1;
	loaded->debug_sought = true;
	int length = dwfl_module_build_id(mod, &bits, &vaddr);
	for (int i = 0; i < length && 2 * i + 2 < BUILD_ID_HEX; i++)
		sprintf(hex + 2 * (size_t)i, "%02x", bits[i]);
	char *path = binary_path(loaded->module.path);
	int fd = debugfile_open(
		&(struct debugfile_wanted){.path = path,
					   .build_id = hex,
					   .link = link,
					   .crc = crc,
					   .target = target_of(space, loaded->module.build_id,
							       &loaded->module == space_main(space)),
					   .pid = space->pid},
		found, &loaded->module.problem, &loaded->module.foreign_debug);
	free(path);
	if (fd < 0)
		loaded->module.foreign_debug = false;
	if (fd < 0 && space->debuginfod && hex[0])
		fd = find_remote(loaded, hex, found);
	return fd;
}

static const Dwfl_Callbacks callbacks = {.find_elf = find_elf, .find_debuginfo = find_debuginfo};

/* --- mappings --- */

struct space *space_new(const struct space_options *options)
{
	struct space *space = xcalloc(1, sizeof(*space));

	space->debuginfod = options->debuginfod;
	debuginfod_set(space->debuginfod);
	elf_version(EV_CURRENT);
	space->pid = options->pid;
	space->exe = options->exe ? binary_path(options->exe) : NULL;
	for (; options->targets.file[space->targets]; space->targets++)
		space->target[space->targets].path = xstrdup(options->targets.file[space->targets]);
	space->dwfl = dwfl_begin(&callbacks);
	if (!space->dwfl)
		xmalloc_failed(sizeof(*space));
	return space;
}

static void free_slot(struct module_slot *slot)
{
	if (slot->data)
		slot->free(slot->data);
}

void space_free(struct space *space)
{
	if (!space)
		return;
	for (size_t i = 0; i < space->module_count; i++) {
		struct module *module = &space->modules[i]->module;
		free_slot(&module->symbols);
		free_slot(&module->debug);
		free_slot(&module->image);
		free_slot(&module->dropglue);
		free((char *)module->path);
		free((char *)module->build_id);
		free(space->modules[i]->said);
		free(module);
	}
	dwfl_end(space->dwfl);
	for (size_t i = 0; i < space->count; i++) {
		free((char *)space->regions[i].map.path);
		free((char *)space->regions[i].map.build_id);
	}
	for (size_t i = 0; i < space->given_ups; i++)
		free(space->given_up[i].path);
	free(space->given_up);
	free(space->regions);
	free(space->modules);
	free(space->exe);
	for (size_t i = 0; i < space->targets; i++)
		free(space->target[i].path);
	free(space);
}

/* The index of the first region that ends after `addr`. */
static size_t region_after(const struct space *space, uint64_t addr)
{
	return FIRST_BEYOND(space->regions, space->count, map.end, addr);
}

static struct region *region_of(const struct space *space, uint64_t addr)
{
	size_t i = region_after(space, addr);

	return i < space->count && space->regions[i].map.start <= addr ? &space->regions[i] : NULL;
}

/* Replaces the `old` regions at `at` by `count` others. */
static void replace(struct space *space, size_t at, size_t old, const struct region *regions, size_t count)
{
	GROW(space->regions, space->size, space->count - old + count);
	memmove(space->regions + at + count, space->regions + at + old,
		(space->count - at - old) * sizeof(*space->regions));
	memcpy(space->regions + at, regions, count * sizeof(*regions));
	space->count = space->count - old + count;
}

/* The part of a region from `start` to `end`, with its own copies of strings. */
static struct region part_of(const struct region *region, uint64_t start, uint64_t end)
{
	struct region part = *region;

	part.map.offset += start - region->map.start;
	part.map.start = start;
	part.map.end = end;
	part.map.path = xstrdup(region->map.path);
	part.map.build_id = xstrdup(region->map.build_id);
	return part;
}

static bool same_mapping(const struct mapping *a, const struct mapping *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset &&
	       a->executable == b->executable && strcmp(a->path, b->path) == 0 &&
	       strcmp(a->build_id, b->build_id) == 0;
}

void space_add(struct space *space, const struct mapping *mapping)
{
	struct region fresh = {*mapping, mapping->start, mapping->end, NULL}, parts[3];
	size_t first = region_after(space, mapping->start), last = first, count = 0;

	if (mapping->start >= mapping->end || space->added == SPACE_MAPPINGS)
		return;
	space->added++;
	while (last < space->count && space->regions[last].map.start < mapping->end)
		last++;
	if (last == first + 1 && same_mapping(&space->regions[first].map, mapping))
		return; /* what is known of it stays */
	if (first < last && space->regions[first].map.start < mapping->start)
		parts[count++] =
			part_of(&space->regions[first], space->regions[first].map.start, mapping->start);
	parts[count++] = part_of(&fresh, mapping->start, mapping->end);
	if (first < last && space->regions[last - 1].map.end > mapping->end)
		parts[count++] =
			part_of(&space->regions[last - 1], mapping->end, space->regions[last - 1].map.end);
	for (size_t i = first; i < last; i++) {
		free((char *)space->regions[i].map.path);
		free((char *)space->regions[i].map.build_id);
	}
	replace(space, first, last - first, parts, count);
	space->main_sought = false;
}

const struct mapping *space_mapping(const struct space *space, uint64_t addr)
{
	const struct region *region = region_of(space, addr);

	return region ? &region->map : NULL;
}

uint64_t space_highest(const struct space *space)
{
	return space->count ? space->regions[space->count - 1].map.end - 1 : 0;
}

bool space_executable(const struct space *space, uint64_t addr)
{
	const struct region *region = region_of(space, addr);

	return region && region->map.executable;
}

/* --- modules --- */

static bool is_file(const struct mapping *map)
{
	return map->path[0] == '/' || strcmp(map->path, "[vdso]") == 0;
}

static bool is_exe(const struct space *space, const struct mapping *map)
{
	size_t length = space->exe ? strlen(space->exe) : 0;

	return length > 0 && strncmp(map->path, space->exe, length) == 0 &&
	       (map->path[length] == 0 || strcmp(map->path + length, " (deleted)") == 0);
}

/* A region of the main executable: the one that `exe` names, otherwise the lowest code in a file. */
static struct region *main_region(struct space *space)
{
	struct region *other = NULL;

	for (size_t i = 0; i < space->count; i++) {
		struct region *region = &space->regions[i];
		if (region->map.path[0] != '/')
			continue;
		if (!space->exe && region->map.executable)
			return region;
		if (is_exe(space, &region->map)) {
			if (region->map.executable)
				return region;
			other = other ? other : region;
		}
	}
	return other;
}

/* Does the region belong to the module? The same file at another bias is another module. */
static bool belongs(const struct region *region, struct module *module)
{
	GElf_Addr elf_bias;
	uint64_t bias;

	if (strcmp(region->map.path, module->path) != 0 ||
	    strcmp(region->map.build_id, module->build_id) != 0)
		return false;
	if (!module->dwfl)
		return true;
	Elf *elf = dwfl_module_getelf(module->dwfl, &elf_bias);
	return elf && binary_bias(elf, &region->map, &bias) && bias == module->bias;
}

static bool is_part_of_file(const struct region *part, const struct region *whole)
{
	const struct mapping *a = &part->map, *b = &whole->map;

	return b->executable && b->end - b->start > a->end - a->start && a->offset >= b->offset &&
	       a->offset - b->offset <= (b->end - b->start) - (a->end - a->start) &&
	       a->start - a->offset != b->start - b->offset && !strcmp(a->path, b->path) &&
	       !strcmp(a->build_id, b->build_id);
}

bool space_is_repeated(const struct space *space, uint64_t addr)
{
	const struct region *region = region_of(space, addr);

	for (size_t i = 0; region && i < space->count; i++)
		if (is_part_of_file(region, &space->regions[i]))
			return true;
	return false;
}

static void adopt(struct region *region, struct module *module)
{
	region->module = module;
	if (region->map.start < module->low)
		module->low = region->map.start;
	if (region->map.end > module->high)
		module->high = region->map.end;
}

/* Passes the open file to libdwfl, which then owns the descriptor. */
static Dwfl_Module *report(struct space *space, struct loaded *loaded, int fd)
{
	char *path = binary_path(loaded->module.path);
	void **userdata = NULL;

	dwfl_report_begin_add(space->dwfl);
	Dwfl_Module *mod = dwfl_report_elf(space->dwfl, path, path, fd, loaded->module.bias, true);
	if (mod)
		dwfl_module_info(mod, &userdata, NULL, NULL, NULL, NULL, NULL, NULL);
	if (userdata)
		*userdata = loaded;
	dwfl_report_end(space->dwfl, NULL, NULL);
	free(path);
	if (!mod)
		close(fd);
	return mod;
}

void space_watch(struct space *space, volatile uint64_t *touched)
{
	space->touched = touched;
}

uint64_t space_touch(struct space *space, uint64_t addr)
{
	uint64_t before = space->touched ? *space->touched : 0;

	if (space->touched)
		*space->touched = addr;
	return before;
}

void space_give_up(struct space *space, const char *path, const char *why)
{
	space->given_up = xrealloc(space->given_up, (space->given_ups + 1) * sizeof(*space->given_up));
	space->given_up[space->given_ups++] = (struct given_up){xstrdup(path), why};
}

/* Why the file must not be read, or NULL. */
static const char *given_up(const struct space *space, const char *path)
{
	for (size_t i = 0; i < space->given_ups; i++)
		if (!strcmp(space->given_up[i].path, path))
			return space->given_up[i].why;
	return NULL;
}

/* Finds and opens the file behind a region. */
static void find_file(struct space *space, const struct region *region, bool is_main, struct binary *binary)
{
	const char *why = given_up(space, region->map.path);

	if (why) {
		*binary = (struct binary){.fd = -1, .problem = why};
		return;
	}
	binary_find(&(struct binary_wanted){.mapping = &region->map,
					    .vma_start = region->vma_start,
					    .vma_end = region->vma_end,
					    .pid = space->pid,
					    .target = target_of(space, region->map.build_id, is_main)},
		    binary);
	if (binary->fd < 0 && space->debuginfod && region->map.path[0] == '/')
		find_remote_binary(space, &region->map, binary);
}

/* What becomes of a recording when the program is built anew in its place; for the caller to free. NULL: something else is wrong. */
static char *other_build(const struct space *space, const struct mapping *map, const struct binary *binary,
			 bool is_main)
{
	if (!binary->is_other_build || space->pid > 0)
		return NULL;
	return xasprintf("this %s is another build now (build id %s, the recording has %s): give the old "
			 "one with --target",
			 is_main ? "executable" : "library",
			 binary->other_build_id[0] ? binary->other_build_id : "none", map->build_id);
}

static struct module *open_module(struct space *space, const struct region *region, const struct region *main)
{
	struct loaded *loaded = xcalloc(1, sizeof(*loaded));
	struct module *module = &loaded->module;
	bool is_main = main && strcmp(main->map.path, region->map.path) == 0;
	struct binary binary;

	find_file(space, region, is_main, &binary);
	loaded->space = space;
	module->path = xstrdup(region->map.path);
	module->build_id = xstrdup(region->map.build_id);
	module->low = region->map.start;
	module->high = region->map.end;
	/* Without the file: correct if its first segment is at 0, in the file and in memory. */
	module->bias = region->map.start - region->map.offset;
	loaded->said = other_build(space, &region->map, &binary, is_main);
	module->problem = loaded->said ? loaded->said : binary.problem;
	/* Of an executable at a fixed address, the names are elsewhere. */
	if (binary.is_elsewhere && space_is_repeated(space, region->map.start))
		module->problem = NULL;
	if (binary.fd >= 0) {
		module->bias = binary.bias;
		module->has_symtab = binary.has_symtab;
		module->has_debug_info = binary.has_debug_info;
		module->dwfl = report(space, loaded, binary.fd);
		if (!module->dwfl)
			module->problem = "libdwfl cannot read the file";
	}
	GROW(space->modules, space->module_size, space->module_count + 1);
	space->modules[space->module_count++] = loaded;
	return module;
}

static struct module *region_module(struct space *space, struct region *region)
{
	if (!is_file(&region->map))
		return NULL;
	space_touch(space, region->map.start);
	if (region->module)
		return region->module;
	for (size_t i = 0; i < space->module_count && !region->module; i++)
		if (belongs(region, &space->modules[i]->module))
			adopt(region, &space->modules[i]->module);
	if (region->module)
		return region->module;

	struct module *module = open_module(space, region, main_region(space));
	adopt(region, module);
	for (size_t i = 0; i < space->count; i++)
		if (!space->regions[i].module && belongs(&space->regions[i], module))
			adopt(&space->regions[i], module);
	return module;
}

struct module *space_module(struct space *space, uint64_t pc)
{
	struct region *region = region_of(space, pc);

	return region ? region_module(space, region) : NULL;
}

const struct module *space_opened(const struct space *space, size_t index)
{
	return index < space->module_count ? &space->modules[index]->module : NULL;
}

const struct mapping *space_at(const struct space *space, size_t index)
{
	return index < space->count ? &space->regions[index].map : NULL;
}

struct module *space_main(struct space *space)
{
	if (!space->main && !space->main_sought) {
		struct region *region = main_region(space);
		uint64_t before = space_touch(space, 0);
		space->main_sought = true;
		space->main = region ? region_module(space, region) : NULL;
		space_touch(space, before);
	}
	return space->main;
}

long space_pid(const struct space *space)
{
	return space->pid;
}
