/* SPDX-License-Identifier: Apache-2.0 */
/* table.c - see table.h. */
#include "tokio/table.h"

#include <ctype.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#include "tokio/runtime-table.h"

#define VERSION(minor, patch) (1000u * (minor) + (patch)) /* of Tokio 1 */
#define ANY 999u

/* Layouts of release builds without Tokio's unstable features. The offsets in the context depend on Tokio's
 * version and on the compiler: before 1.73, some version of rustc changed its order of fields. The core of
 * the current-thread scheduler is missing, because its layout depends on Tokio's other features. */
static const struct known {
	unsigned from, to;	     /* versions */
	uint64_t id, id_tag, budget; /* in the context variable */
	/* The context variable has the scheduler's pointer; otherwise that is in another variable. */
	bool tagged;
	/* Tagged: pointer to the scheduler's context; otherwise to the runtime's handle. */
	uint64_t scheduler;
	uint32_t tag; /* of the multi-thread scheduler, at the start of its context */
	uint64_t core, counter, interval, idle, queue;
} known[] = {
	{VERSION(24, 0), VERSION(24, ANY), 40, 32, 88, false, 72, 0, 16, 32, 0, 8, 24},
	{VERSION(24, 0), VERSION(24, ANY), 40, 32, 89, false, 24, 0, 16, 24, 0, 16, 8}, /* an older rustc */
	{VERSION(29, 0), VERSION(39, ANY), 40, 32, 76, true, 56, 1, 24, 64, 68, 8, 24},
	{VERSION(29, 0), VERSION(39, ANY), 56, 48, 77, true, 40, 1, 24, 56, 60, 16, 8}, /* an older rustc */
	{VERSION(40, 0), VERSION(44, ANY), 48, 0, 68, true, 40, 1, 24, 64, 68, 8, 24},
	{VERSION(45, 0), VERSION(50, ANY), 48, 0, 68, true, 40, 1, 24, 104, 108, 8, 24},
	{VERSION(51, 0), VERSION(51, 1), 48, 0, 68, true, 40, 1, 24, 96, 100, 0, 16},
	{VERSION(51, 2), VERSION(51, ANY), 48, 0, 68, true, 40, 1, 24, 104, 108, 8, 24},
	{VERSION(52, 0), VERSION(52, 1), 48, 0, 68, true, 40, 1, 24, 96, 100, 0, 16},
	{VERSION(52, 2), VERSION(53, ANY), 48, 0, 68, true, 40, 1, 24, 104, 108, 8, 24},
};

/* Where this version keeps its queues, by the table of runtimes. The offsets behind the runtime's handle depend on what
 * else it holds, and those in the core on the compiler: so only if that table was made of a build with this core. */
static struct tokio_queues queues_of(unsigned version, const struct known *row)
{
	const int32_t *at = runtime_table_of(version);

	if (!at || at[MT_CORE_QUEUE] != (int32_t)row->queue)
		return (struct tokio_queues){0};
	return (struct tokio_queues){
		.queue = row->queue,
		.head = (uint64_t)at[MT_QUEUE_HEAD],
		.tail = (uint64_t)at[MT_QUEUE_TAIL],
		.lifo = (uint64_t)at[MT_CORE_LIFO],
		/* Before 1.29 the context stands alone, later behind the tag of both schedulers'. */
		.worker = row->core - (uint64_t)at[MT_CONTEXT_CORE] + (uint64_t)at[MT_CONTEXT_WORKER],
		.handle = (uint64_t)at[MT_WORKER_HANDLE],
		.inject = (uint64_t)at[MT_INJECTED],
		.unparked = (uint64_t)at[MT_IDLE],
		.workers = (uint64_t)at[MT_REMOTES_COUNT],
	};
}

/* Reads one number of a version. */
static bool version_part(const char **p, const char *limit, unsigned *number)
{
	const char *start = *p;

	for (*number = 0; *p < limit && isdigit((unsigned char)**p) && *p - start < 3; (*p)++)
		*number = 10 * *number + (unsigned)(**p - '0');
	return *p > start && *p < limit;
}

/* Finds Tokio's version in paths of its sources, which panic messages contain: ".../tokio-1.43.1/src/...",
 * with Nix ".../tokio-1.43.1-HASH/src/...". Returns how many different ones there are, up to 2. */
static unsigned find_version(Elf *elf, unsigned *version)
{
	Elf_Scn *section = NULL;
	unsigned found = 0;

	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		Elf_Data *data;
		const char *p, *limit;

		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_PROGBITS ||
		    !(shdr.sh_flags & SHF_ALLOC) || shdr.sh_flags & (SHF_EXECINSTR | SHF_WRITE) ||
		    !(data = elf_rawdata(section, NULL)) || !data->d_buf)
			continue;
		p = data->d_buf;
		limit = p + data->d_size;
		while ((p = memmem(p, (size_t)(limit - p), "/tokio-1.", 9))) {
			unsigned minor, patch;

			p += 9;
			if (!version_part(&p, limit, &minor) || *p++ != '.' ||
			    !version_part(&p, limit, &patch) || (*p != '/' && *p != '-'))
				continue;
			if (found && *version != VERSION(minor, patch))
				return 2;
			found = 1;
			*version = VERSION(minor, patch);
		}
	}
	return found;
}

bool tokio_version_is_in(Elf *elf)
{
	unsigned version;

	return find_version(elf, &version) > 0;
}

unsigned tokio_version(Elf *elf)
{
	unsigned version;

	return find_version(elf, &version) == 1 ? version : 0;
}

/* Counts from the thread pointer, or from the start of a context that is not found yet. */
static uint64_t offset_of(uint64_t context, uint64_t offset)
{
	return context ? context - offset : offset;
}

static struct tokio_layout layout_of(const struct known *row, const struct tokio_variables *variables)
{
	uint64_t context = variables->context;
	uint64_t pointer = row->tagged ? offset_of(context, row->scheduler) : variables->multi_thread;

	return (struct tokio_layout){
		.id = offset_of(context, row->id),
		.id_tag = row->id_tag ? offset_of(context, row->id_tag) : 0,
		.budget = offset_of(context, row->budget),
		.tagged = row->tagged,
		.multi_thread = {.known = row->tagged || variables->multi_thread,
				 .pointer = pointer,
				 .tag = row->tag,
				 .core = row->core,
				 .counter = row->counter,
				 .idle = row->idle},
		.current_thread = {.pointer = row->tagged ? pointer : variables->current_thread,
				   .core = row->core},
		.interval = row->interval,
		.queue = row->queue,
		.handle = row->tagged ? 0 : row->scheduler,
		.searched = context ? 0 : variables->tls_size,
	};
}

static bool has(const struct tokio_layouts *layouts, const struct tokio_layout *layout)
{
	for (size_t i = 0; i < layouts->count; i++) {
		const struct tokio_layout *other = &layouts->layout[i];

		if (other->id == layout->id && other->multi_thread.pointer == layout->multi_thread.pointer &&
		    other->multi_thread.counter == layout->multi_thread.counter &&
		    other->multi_thread.idle == layout->multi_thread.idle)
			return true;
	}
	return false;
}

/* Adds the layouts of `version` (0: not known): if `exactly`, its own; otherwise all that have the same
 * variables, newest first. */
static void add(const struct tokio_variables *variables, unsigned version, bool exactly,
		struct tokio_layouts *layouts)
{
	bool named = variables->multi_thread || variables->current_thread;

	for (size_t i = sizeof(known) / sizeof(*known); i-- > 0;) {
		const struct known *row = &known[i];
		struct tokio_layout layout;

		if (exactly && (version < row->from || version > row->to))
			continue;
		/* Since 1.29 there is one variable. */
		if (version && row->tagged != (version >= VERSION(29, 0)))
			continue;
		/* Everything read of the context must fit. */
		if (variables->context && variables->context <= row->budget)
			continue;
		/* Either all of Tokio's variables have symbols, or none. */
		if (row->tagged ? named : named != (variables->context != 0))
			continue;
		layout = layout_of(row, variables);
		layout.queues = queues_of(exactly ? version : 0, row);
		if (layouts->count == TOKIO_LAYOUTS || has(layouts, &layout))
			continue;
		snprintf(layout.how, sizeof(layout.how), exactly ? "table 1.%u%s" : "like 1.%u%s, verified",
			 (exactly ? version : row->to) / 1000, layout.searched ? ", searched for" : "");
		layouts->layout[layouts->count++] = layout;
	}
}

const char *tokio_table(Elf *elf, const struct tokio_variables *variables, struct tokio_layouts *layouts)
{
	unsigned version = 0, versions = find_version(elf, &version);

	if (!versions && !variables->context)
		return "there is no sign of Tokio in it: it may be the wrong process, or --target FILE takes "
		       "symbols from an unstripped copy";
	if (versions > 1)
		return "there are two versions of Tokio in it, which only --polls uprobe takes, if it has "
		       "symbols";
	if (versions && version < known[0].from)
		return "no debug info, and its version of Tokio is older than 1.24, the oldest in the table: "
		       "only --polls uprobe takes it, if it has symbols";
	if (versions)
		add(variables, version, true, layouts);
	if (layouts->count)
		return NULL;
	layouts->unsure = true;
	add(variables, version, false, layouts);
	return layouts->count ? NULL
			      : "no debug info, and no layout of the table is possible: build with "
				"[profile.release] debug = true";
}
