/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - see look.h. */
#include "tasks/look.h"

#include <libiberty/libiberty.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "resolve/elf/binary.h"
#include "resolve/symbolize/symbolize.h"
#include "target/inspector.h"
#include "target/memory.h"
#include "target/procmaps.h"
#include "target/sockets.h"
#include "tasks/core-files.h"
#include "tokio/layout.h"

#define LOOKS 2	    /* at a live process */
#define LOOKS_MAX 4 /* as long as something does not agree */

/* --- the files --- */

static void add_mapping(struct look *look, const struct memory_area *area, long pid)
{
	struct mapping mapping = {.start = area->start,
				  .end = area->end,
				  .offset = area->offset,
				  .executable = true,
				  .path = area->path};
	char *build_id =
		pid ? procmaps_build_id((pid_t)pid, &mapping) : core_build_id(look->memory, area->path);

	mapping.build_id = build_id;
	space_add(look->space, &mapping);
	free(build_id);
}

/* A page of a mapped file that the process has not touched. */
static bool read_file(void *arg, uint64_t address, void *to, size_t size)
{
	const struct look *look = arg;
	const struct memory_area *area = memory_area_at(look->memory, address);
	struct module *module = NULL;

	if (!area || *area->path != '/')
		return false;
	/* The space knows code only: any of the file's. */
	for (size_t i = 0; i < look->memory->count && !module; i++) {
		const struct memory_area *code = &look->memory->area[i];

		if (code->executable && !strcmp(code->path, area->path))
			module = space_module(look->space, code->start);
	}
	GElf_Addr bias;
	Elf *elf = module && module->dwfl ? dwfl_module_getelf(module->dwfl, &bias) : NULL;
	Elf_Data *data = elf ? elf_getdata_rawchunk(elf, (int64_t)(area->offset + (address - area->start)),
						    size, ELF_T_BYTE)
			     : NULL;

	if (!data || !data->d_buf || data->d_size < size)
		return false;
	memcpy(to, data->d_buf, size);
	return true;
}

static void open_files(struct look *look, const struct look_subject *subject)
{
	look->space = space_new(&(struct space_options){.pid = subject->pid,
							.exe = look->exe,
							.targets = subject->targets,
							.debuginfod = subject->debuginfod});
	for (size_t i = 0; i < look->memory->count && !subject->without_files; i++)
		if (look->memory->area[i].executable && strcmp(look->memory->area[i].path, "[vsyscall]") != 0)
			add_mapping(look, &look->memory->area[i], subject->pid);
	look->symbolizer = symbolizer_new(look->space);
	look->memory->read_file = read_file;
	look->memory->file_arg = look;
}

/* The module with Tokio: the program, or the first library that has one. */
static struct module *tokio_module(struct look *look)
{
	struct module *main = space_main(look->space);
	const struct mapping *mapping;

	if (main && tokio_is_in(main))
		return main;
	for (size_t i = 0; (mapping = space_at(look->space, i)); i++) {
		struct module *module = space_module(look->space, mapping->start);

		if (module && tokio_is_in(module))
			return module;
	}
	return main;
}

/* --- looking --- */

static const char *read_memory(struct look *look, const struct look_subject *subject)
{
	const char *why = NULL;

	look->live = subject->pid != 0;
	if (!subject->pid) {
		look->memory = memory_of_core(subject->core, &why);
		look->exe = look->memory && look->memory->exe ? xstrdup(look->memory->exe) : NULL;
		return why;
	}
	FILE *maps = inspector_open((pid_t)subject->pid, "maps");

	if (!maps)
		return "its memory map cannot be read";
	look->memory = memory_of_process(subject->mem, subject->pagemap, maps);
	fclose(maps);
	look->exe = inspector_exe((pid_t)subject->pid);
	return look->memory->count ? NULL : "it has ended";
}

/* A thread's control block is found by the scan; a core dump's notes have them. */
static size_t find_threads(struct look *look, const struct look_subject *subject)
{
	struct inspector_thread *threads = NULL;
	size_t count =
		subject->pid ? inspector_threads((pid_t)subject->pid, &threads) : look->memory->threads;

	look->thread = xcalloc(count + 1, sizeof(*look->thread));
	for (size_t i = 0; i < count; i++)
		if (subject->pid)
			look->thread[i] = (struct scan_thread){.tid = threads[i].tid,
							       .first = threads[i].tid == subject->pid};
		else
			look->thread[i] =
				(struct scan_thread){.tid = look->memory->thread[i].tid,
						     .thread_pointer = look->memory->thread[i].thread_pointer,
						     .stack_pointer = look->memory->thread[i].stack_pointer};
	free(threads);
	return count;
}

/* All looks there are to be. */
static void scan(struct look *look, bool live, size_t threads)
{
	struct scan *scan = &look->scan;

	scan_begin(scan, look->memory, &look->types, look->thread, threads);
	do {
		scan_look(scan);
	} while (live && (scan->looks < LOOKS || (scan->looks < LOOKS_MAX && scan_moves(scan))));
	scan_settle(scan, !live);
}

static void name_types(struct look *look)
{
	for (size_t i = 0; i < look->scan.count; i++)
		look->types.type[look->scan.task[i].type].count++;
	for (size_t i = 0; i < look->types.count; i++)
		if (look->types.type[i].count)
			task_type_name(look->symbolizer, &look->types.type[i]);
}

/* Need threads be known? To search for them takes up to two seconds if nothing runs meanwhile. Queues have only tasks that were
 * notified. */
static bool threads_matter(const struct look *look, const struct look_subject *subject)
{
	bool queued = !look->scan.count;

	for (size_t i = 0; i < look->scan.count && !queued; i++)
		queued = look->scan.task[i].state & STATE_NOTIFIED &&
			 !look->types.type[look->scan.task[i].type].blocking;
	return queued || !subject->only_behind;
}

static void note_socket(struct found_task *task, const struct await_task *chain)
{
	const struct await_node *leaf = await_only_leaf(chain->root);

	if (leaf && leaf->on == AWAIT_ON_SOCKET)
		task->socket = leaf->fd;
}

/* Tasks that wait, or wait to be polled, stand at an await. */
static void read_chains(struct look *look)
{
	look->chains = chains_new(look);
	look->arena = arena_new();
	look->tree = arena_alloc(look->arena, sizeof(*look->tree));
	*look->tree = (struct tree_node){0};
	for (size_t i = 0; i < look->scan.count; i++) {
		struct found_task *task = &look->scan.task[i];
		const struct task_type *type = &look->types.type[task->type];
		struct await_task *chain;

		if (type->blocking || task->state & (STATE_COMPLETE | STATE_RUNNING))
			continue;
		chain = chain_read(look->chains, task);
		if (chain && chain->root) {
			task->place = tree_add(look->arena, look->tree, chain);
			note_socket(task, chain);
			waits_add(&look->waits, &look->scan, (uint32_t)i, chain);
			look->chained++;
		} else if (chain) {
			look->unreadable +=
				chain->status == AWAIT_UNREADABLE || chain->status == AWAIT_DOUBTFUL;
			if (!look->no_chains)
				look->no_chains = chains_problem(look->chains, type->poll);
		}
		if (chain)
			awaits_task_free(chain);
	}
}

/* Does the task still wait for the same? */
static bool still_waits(struct look *look, const struct wait *wait)
{
	struct await_task *chain = chain_read(look->chains, &look->scan.task[wait->task]);
	struct waits now = {0};
	bool same;

	if (!chain)
		return false;
	waits_add(&now, &look->scan, wait->task, chain);
	same = now.waits == 1 && now.wait->only && now.wait->object == wait->object &&
	       now.wait->joined == wait->joined;
	waits_clear(&now);
	awaits_task_free(chain);
	return same;
}

/* Chains are read one after the other. A cycle counts only if its tasks have not moved meanwhile. */
static void find_cycles(struct look *look)
{
	size_t kept = 0;

	waits_settle(&look->waits);
	look->cycle = waits_cycles(&look->waits, look->scan.count, &look->cycles);
	for (size_t i = 0; i < look->cycles; i++) {
		struct wait_cycle *cycle = &look->cycle[i];
		bool stands = true;

		for (size_t k = 0; k < cycle->length && stands; k++)
			stands = still_waits(look, cycle->wait[k]);
		if (stands)
			look->cycle[kept++] = *cycle;
		else
			free(cycle->wait);
	}
	look->cycles = kept;
}

struct look *look_new(const struct look_subject *subject, const char **why)
{
	struct look *look = xcalloc(1, sizeof(*look));

	look->ns = clock_events_ns();
	*why = read_memory(look, subject);
	if (*why) {
		look_free(look);
		return NULL;
	}
	size_t threads = find_threads(look, subject);

	open_files(look, subject);
	task_types_find(look->memory, &look->types);
	scan(look, subject->pid != 0, threads);
	name_types(look);
	runtimes_prepare(&look->runtimes, tokio_module(look),
			 threads_matter(look, subject) ? (pid_t)subject->pid : 0, &look->scan);
	runtimes_find(&look->runtimes, &look->scan);
	read_chains(look);
	find_cycles(look);
	look->mains = main_futures_find(look, &look->main);
	look->sockets = sockets_new((pid_t)subject->pid, subject->socket, subject->sockets);
	return look;
}

void look_free(struct look *look)
{
	if (!look)
		return;
	main_futures_free(look->main, look->mains);
	if (look->chains)
		chains_free(look->chains);
	for (size_t i = 0; i < look->cycles; i++)
		free(look->cycle[i].wait);
	free(look->cycle);
	waits_clear(&look->waits);
	sockets_free(look->sockets);
	arena_free(look->arena);
	runtimes_free(&look->runtimes);
	scan_free(&look->scan);
	task_types_free(&look->types);
	if (look->space) {
		symbolizer_free(look->symbolizer);
		space_free(look->space);
	}
	memory_free(look->memory);
	free(look->thread);
	free(look->exe);
	free(look);
}
