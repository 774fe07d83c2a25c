/* SPDX-License-Identifier: Apache-2.0 */
/* head.c - see head.h. */
#include "head/head.h"

#include <inttypes.h>
#include <libelf.h>
#include <libiberty/libiberty.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "head/head-process.h"
#include "head/meta.h"
#include "head/real-program.h"
#include "head/roles.h"
#include "head/tokios.h"
#include "resolve/elf/address-space.h"
#include "resolve/elf/binary.h"
#include "resolve/symbolize/debuginfo.h"
#include "resolve/symbolize/symbolize.h"
#include "resolve/unwind/framepointers.h"
#include "stream/event.h"
#include "target/inspector.h"
#include "target/procmaps.h"
#include "tokio/role.h"

#define COMMAND_MAX 4096 /* bytes of the command line that are kept */

/* Tokio's names for its threads: until 1.49, and since. */
static const char *const tokio_names[] = {"tokio-runtime-w", "tokio-rt-worker"};

static void write_command(FILE *out, pid_t pid)
{
	char text[COMMAND_MAX + 1];
	FILE *in = inspector_open(pid, "cmdline");
	size_t length = in ? fread(text, 1, COMMAND_MAX, in) : 0;

	while (length && !text[length - 1])
		length--;
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	text[length] = '\0';
	head_meta(out, "command", text);
	if (in)
		fclose(in);
}

static void write_machine(FILE *out)
{
	struct timespec boot, real;
	struct utsname name;

	if (uname(&name))
		memset(&name, 0, sizeof(name)); /* cannot fail */
	head_meta(out, "kernel", name.release);
	head_meta(out, "arch", name.machine);
	clock_gettime(clock_of_events(), &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	head_metaf(out, "clock", "%lld%09ld %lld%09ld", (long long)boot.tv_sec, boot.tv_nsec,
		   (long long)real.tv_sec, real.tv_nsec);
}

/* The process, and what is written about it. */
struct subject {
	const struct head_options *options;
	const char *exe, *linker; /* linker: NULL, or the dynamic linker that was told to run exe */
	struct procmaps *maps;
	struct thread *threads;
	size_t count;
};

/* Is a file with this build id mapped? */
static bool is_mapped(const struct procmaps *maps, const char *build_id)
{
	for (size_t i = 0; i < maps->count; i++)
		if (*build_id && !strcmp(maps->mapping[i].build_id, build_id))
			return true;
	return false;
}

/* Warns about --target files that nothing can be taken from. */
static void write_target_warnings(FILE *out, const struct subject *s, const char *build_id)
{
	char id[BUILD_ID_HEX];

	for (const char *const *target = s->options->targets.file; *target; target++) {
		binary_file_build_id(*target, id);
		if (!is_mapped(s->maps, id) && strcmp(id, build_id))
			head_metaf(out, "warning",
				   "%s is another build than the one that runs: build id %s, not %s", *target,
				   *id ? id : "none", *build_id ? build_id : "none");
	}
}

/* Warns about what the report will lack without a module's symbols; begins with `name`. */
static void write_symbol_warnings(FILE *out, struct space *space, struct module *module, const char *name,
				  bool targets)
{
	struct debuginfo_function functions[DEBUGINFO_CHAIN];

	space_touch(space, module ? module->low : 0);
	if (module && module->dwfl && !module->has_debug_info) /* which may be in a separate file */
		debuginfo_find(module, module->low, functions);
	if (module && module->dwfl && module->problem && !targets)
		head_metaf(out, "warning", "%s: %s", module->path, module->problem);
	if (!module || !module->dwfl)
		head_metaf(out, "warning", "%sno symbols: %s", name,
			   module && module->problem ? module->problem : "the executable cannot be read");
	else if (!module->has_symtab && !module->has_debug_info)
		head_metaf(
			out, "warning",
			"%sstripped: functions are shown as module+offset, with the source files that their "
			"panic messages name; --target FILE takes names from an unstripped copy",
			name);
	else if (!module->has_debug_info && !module->problem)
		head_metaf(out, "warning",
			   "%sno debug info: no source lines or inlined calls; build with [profile.release] "
			   "debug = 1",
			   name);
}

/* For the modules with a Tokio: they were built for this program. */
static void write_all_symbol_warnings(FILE *out, struct space *space, const struct tokios *tokios,
				      bool targets)
{
	for (size_t i = 0; i < tokios->count; i++) {
		struct module *module = tokios->module[i];
		char *name = module == space_main(space) ? xstrdup("")
							 : xasprintf("%s: ", lbasename(module->path));

		write_symbol_warnings(out, space, module, name, targets);
		free(name);
	}
}

static size_t roles_count(const struct thread *threads, size_t count, enum role role)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += threads[i].role == role;
	return found;
}

/* How the watched threads were found. */
struct found {
	size_t by_name, workers, current_threads; /* the latter two by stack */
};

/* Reports that after Tokio's state was read, too: this finds schedulers on threads whose stacks have no
 * names. */
static void write_found(FILE *out, const struct subject *s, const struct found *found)
{
	size_t count = s->count, stacks = found->workers + found->current_threads,
	       all = roles_count(s->threads, count, ROLE_WORKER) +
		     roles_count(s->threads, count, ROLE_CURRENT_THREAD);

	size_t main = roles_count(s->threads, count, ROLE_MAIN_FUTURE);
	char *besides = main ? text_format("; %zu thread%s the main future of a runtime", main,
					   main == 1 ? " polls" : "s poll")
			     : xstrdup("");

	if (s->options->workers)
		head_metaf(out, "workers", "--workers %s: %zu of %zu threads%s", s->options->workers,
			   found->by_name, count, besides);
	else if (all > stacks)
		head_metaf(out, "workers",
			   "%zu multi-thread and %zu current-thread by stack, %zu more by Tokio's state, "
			   "%zu by name, of %zu threads%s",
			   found->workers, found->current_threads, all - stacks, found->by_name, count,
			   besides);
	else
		head_metaf(out, "workers",
			   "%zu multi-thread and %zu current-thread by stack, %zu by name, of %zu threads%s",
			   found->workers, found->current_threads, found->by_name, count, besides);
	free(besides);
}

/* Have threads passed on their schedulers in block_in_place, and no other thread has taken one? Then nobody
 * runs the runtime's tasks. */
static bool nobody_schedules(const struct thread *threads, size_t count)
{
	size_t in_place = 0;

	for (size_t i = 0; i < count; i++)
		in_place += threads[i].in_place != NULL;
	return in_place && !roles_count(threads, count, ROLE_WORKER);
}

/* Where these threads are; equal places together. */
static void write_in_place(FILE *out, const struct thread *threads, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t before = 0, all = 0;

		for (size_t j = 0; j < count && threads[i].in_place; j++)
			if (threads[j].in_place && !strcmp(threads[i].in_place, threads[j].in_place)) {
				before += j < i;
				all++;
			}
		if (all && !before)
			head_metaf(out, "in-place", "%lu %s", (unsigned long)all, threads[i].in_place);
	}
}

/* Decides which threads are watched. Names alone would miss a current-thread runtime: its thread has any
 * name, while its blocking pool has Tokio's. Stacks alone would miss workers whose stack cannot be read, and
 * a pool thread that takes over from a worker in block_in_place. So one of the two is enough. */
static void find_workers(FILE *out, struct thread *threads, size_t count, struct space *space,
			 bool without_stacks, struct found *found)
{
	struct symbolizer *symbolizer = symbolizer_new(space);
	size_t unread = without_stacks ? count : roles_by_stack(threads, count, space, symbolizer);

	for (size_t i = 0; i < sizeof(tokio_names) / sizeof(*tokio_names); i++)
		found->by_name += roles_by_name(threads, count, tokio_names[i]);
	found->workers = roles_count(threads, count, ROLE_WORKER);
	found->current_threads = roles_count(threads, count, ROLE_CURRENT_THREAD);
	if (nobody_schedules(threads, count))
		write_in_place(out, threads, count);
	if (unread && !without_stacks) /* that is said already */
		head_metaf(
			out, "warning",
			"the stacks of %zu of %zu threads could not be read: these did not stop in time (no "
			"CPU, or a sleep that nothing ends) or are gone; --workers NAME takes threads by "
			"their names",
			unread, count);
	symbolizer_free(symbolizer);
}

/* Watches the threads that the user names, whatever they are. Stacks tell which of them poll a main future;
 * Tokio's state does not. */
static void find_named(const struct subject *s, struct space *space, bool without_stacks, struct found *found)
{
	struct symbolizer *symbolizer = symbolizer_new(space);

	found->by_name = roles_by_name(s->threads, s->count, s->options->workers);
	if (!without_stacks)
		roles_of_watched(s->threads, s->count, space, symbolizer);
	symbolizer_free(symbolizer);
}

static void write_threads(FILE *out, const struct thread *threads, size_t count)
{
	for (size_t i = 0; i < count; i++)
		event_write(out, &(struct event){.kind = EVENT_THREAD,
						 .tid = threads[i].tid,
						 .key = role_name(threads[i].role),
						 .watched = threads[i].watched,
						 .text = threads[i].comm});
}

static void write_maps(FILE *out, const struct procmaps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct mapping *m = &maps->mapping[i];

		event_write(out, &(struct event){.kind = EVENT_MAP,
						 .map = {.start = m->start,
							 .end = m->end,
							 .offset = m->offset,
							 .executable = true,
							 .build_id = m->build_id,
							 .path = m->path}});
	}
}

static const char *file_at(uint64_t addr, void *context)
{
	const struct procmaps *maps = ((const struct subject *)context)->maps;

	for (size_t i = 0; i < maps->count; i++)
		if (maps->mapping[i].start <= addr && addr < maps->mapping[i].end)
			return maps->mapping[i].path;
	return NULL;
}

/* Where the file is mapped; 0: nowhere. */
static uint64_t start_of(const struct procmaps *maps, const char *path)
{
	for (size_t i = 0; i < maps->count; i++)
		if (!strcmp(maps->mapping[i].path, path))
			return maps->mapping[i].start;
	return 0;
}

static bool given_up(const struct head_deaths *deaths, const char *path)
{
	if (deaths->without[STAGE_BUILD_IDS])
		return true;
	for (size_t i = 0; i < deaths->files; i++)
		if (!strcmp(deaths->file[i], path))
			return true;
	return false;
}

static void read_build_ids(const struct subject *s, const struct head_deaths *deaths,
			   volatile struct head_progress *progress)
{
	for (size_t i = 0; i < s->maps->count; i++) {
		struct mapping *m = &s->maps->mapping[i];

		if (given_up(deaths, m->path))
			continue;
		progress->touched = m->start;
		free((char *)m->build_id);
		m->build_id = procmaps_build_id((pid_t)s->options->pid, m);
	}
	progress->touched = 0;
}

/* Finds out which file the program is, and its build id. */
static void read_exe(struct subject *s, const struct head_deaths *deaths,
		     volatile struct head_progress *progress, char build_id[BUILD_ID_HEX])
{
	pid_t pid = (pid_t)s->options->pid;
	char *link = xasprintf("/proc/%d/exe", (int)pid);

	progress->touched = start_of(s->maps, s->exe);
	if (!given_up(deaths, s->exe)) {
		const char *program = program_path(pid, s->maps, s->exe);

		if (program) {
			s->linker = s->exe;
			s->exe = program;
		}
		if (!program)
			binary_file_build_id(link, build_id);
		for (size_t i = 0; i < s->maps->count && program; i++)
			if (!strcmp(s->maps->mapping[i].path, program))
				snprintf(build_id, BUILD_ID_HEX, "%s", s->maps->mapping[i].build_id);
	}
	progress->touched = 0;
	free(link);
}

/* The address space that a reader of this stream will build from its map lines. */
static struct space *space_of(const struct subject *s, const struct head_deaths *deaths,
			      volatile struct head_progress *progress)
{
	struct space *space = space_new(&(struct space_options){.pid = s->options->pid,
								.exe = s->exe,
								.targets = s->options->targets,
								.debuginfod = s->options->debuginfod});

	for (size_t i = 0; i < deaths->files; i++)
		space_give_up(space, deaths->file[i], deaths->of[i]);
	for (size_t i = 0; i < s->maps->count; i++)
		space_add(space, &s->maps->mapping[i]);
	space_watch(space, &progress->touched);
	return space;
}

/* Do all modules with a Tokio, and the C library, keep frame pointers? */
static bool frame_pointers(struct space *space, const struct tokios *tokios, const struct procmaps *maps)
{
	bool kept = true;

	for (size_t i = 0; i < tokios->count && kept; i++) {
		space_touch(space, tokios->module[i] ? tokios->module[i]->low : 0);
		kept = tokios->module[i] && keeps_frame_pointers(tokios->module[i]);
	}

	for (size_t i = 0; i < maps->count && kept; i++) {
		const char *base = strrchr(maps->mapping[i].path, '/');

		if (base && (!strncmp(base, "/libc.", 6) || !strncmp(base, "/libc-", 6)))
			kept = keeps_frame_pointers(space_module(space, maps->mapping[i].start));
	}
	return kept;
}

/* Do the workers use restartable sequences? One thread tells for all, but on a busy machine some cannot be
 * stopped in time. */
static bool uses_rseq(const struct thread *threads, size_t count)
{
	for (size_t i = 0, tries = 0; i < count && tries < 8; i++)
		if (threads[i].watched) {
			if (inspector_rseq(threads[i].tid))
				return true;
			tries++;
		}
	return false;
}

static void write_options(FILE *out, const struct subject *s)
{
	for (size_t i = 0; i < s->options->metas; i++) {
		const char *meta = s->options->meta[i], *equals = strchr(meta, '=');

		char *key = xstrndup(meta, (size_t)(equals - meta));

		head_meta(out, key, equals + 1);
		free(key);
	}
}

static void write_process(FILE *out, const struct subject *s, const char *build_id,
			  const struct head_deaths *deaths)
{
	pid_t pid = (pid_t)s->options->pid;

	event_write(out, &(struct event){.kind = EVENT_VERSION});
	write_options(out, s);
	head_metaf(out, "pid", "%d", (int)pid);
	head_meta(out, "exe", s->exe);
	if (s->linker)
		head_meta(out, "linker", s->linker);
	head_meta(out, "build-id", *build_id ? build_id : "-");
	write_command(out, pid);
	write_machine(out);
	for (size_t i = 0; i < deaths->count; i++)
		head_metaf(out, "warning", "%s: left out", deaths->all[i]);
}

/* Writes which threads are workers, what names will lack, and whether code keeps frame pointers. */
static void write_code(FILE *out, struct subject *s, struct space *space, const char *build_id,
		       const struct head_deaths *deaths, volatile struct head_progress *progress,
		       struct found *found, struct tokios *tokios)
{
	head_stage(progress, STAGE_WORKERS);
	if (s->options->workers)
		find_named(s, space, deaths->without[STAGE_WORKERS] != NULL, found);
	else
		find_workers(out, s->threads, s->count, space, deaths->without[STAGE_WORKERS] != NULL, found);
	head_stage(progress, STAGE_TOKIOS);
	if (deaths->without[STAGE_TOKIOS])
		tokios_main(space, tokios);
	else
		tokios_find(space, tokios);
	head_stage(progress, STAGE_SYMBOLS);
	if (!deaths->without[STAGE_SYMBOLS]) {
		write_target_warnings(out, s, build_id);
		write_all_symbol_warnings(out, space, tokios, s->options->targets.file[0] != NULL);
	}
	head_stage(progress, STAGE_FRAME_POINTERS);
	bool kept = !deaths->without[STAGE_FRAME_POINTERS] && frame_pointers(space, tokios, s->maps);

	head_meta(out, "frame-pointers", kept ? "yes" : "no");
	head_meta(out, "rseq", uses_rseq(s->threads, s->count) ? "yes" : "no");
}

/* Writes where each Tokio keeps its state, which threads are workers by it, and where polls begin and end. */
static void write_tokios(FILE *out, struct subject *s, struct space *space, const struct head_deaths *deaths,
			 volatile struct head_progress *progress, struct found *found, struct tokios *tokios)
{
	pid_t pid = (pid_t)s->options->pid;

	head_stage(progress, STAGE_TOKIO);
	if (deaths->without[STAGE_TOKIO])
		event_write(out, &(struct event){.kind = EVENT_TOKIO, .text = deaths->without[STAGE_TOKIO]});
	else
		tokios_write(out, pid, space, tokios, s->threads, s->count,
			     nobody_schedules(s->threads, s->count));
	write_found(out, s, found);
	head_stage(progress, STAGE_SITES);
	if (deaths->without[STAGE_SITES])
		event_write(out, &(struct event){.kind = EVENT_SITE, .text = deaths->without[STAGE_SITES]});
	else
		tokios_write_sites(out, pid, space, tokios, s->options->probe_starts);
}

static void write_all(FILE *out, const struct head_deaths *deaths, volatile struct head_progress *progress,
		      void *context)
{
	struct subject *s = context;
	char build_id[BUILD_ID_HEX] = "";
	struct found found = {0};
	struct tokios tokios;

	elf_version(EV_CURRENT);
	head_stage(progress, STAGE_BUILD_IDS);
	read_build_ids(s, deaths, progress);
	read_exe(s, deaths, progress, build_id);
	struct space *space = space_of(s, deaths, progress);

	write_process(out, s, build_id, deaths);
	write_code(out, s, space, build_id, deaths, progress, &found, &tokios);
	write_tokios(out, s, space, deaths, progress, &found, &tokios);
	if (inspector_late())
		head_meta(out, "warning", inspector_late());
	write_maps(out, s->maps);
	write_threads(out, s->threads, s->count);
	space_free(space);
}

int head_write(FILE *out, const struct head_options *options)
{
	char *exe = inspector_exe((pid_t)options->pid);
	struct procmaps maps;
	int status = -1;

	if (!exe)
		return -1;
	if (procmaps_read((pid_t)options->pid, &maps)) {
		free(exe);
		return -1;
	}
	struct subject subject = {.options = options, .exe = exe, .maps = &maps};

	subject.count = threads_list((pid_t)options->pid, &subject.threads);
	if (subject.count)
		status = head_process_run(out, &(struct head_process){.write = write_all,
								      .file_at = file_at,
								      .confine = options->confine,
								      .context = &subject});
	threads_free(subject.threads, subject.count);
	procmaps_free(&maps);
	free(exe);
	return status;
}
