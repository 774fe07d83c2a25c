/* SPDX-License-Identifier: Apache-2.0 */
/* head-process.c - see head-process.h. */
#include "head/head-process.h"

#include <fcntl.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "sandbox/debuginfod.h"
#include "sandbox/opener.h"
#include "sandbox/parser-process.h"
#include "target/inspector.h"

#define STAGE_SECONDS 30 /* of CPU time: 1.2 GB of debug info take 1 */
#define SECONDS 180	 /* of real time, for everything: then it goes on without files */
#define IDLE_SECONDS 45	 /* of real time without CPU time: debuginfod may take 30 */
#define DEATHS 8	 /* then no more files are read */
#define HEAD_MAX ((size_t)64 << 20)

static const char *const purposes[STAGES] = {
	[STAGE_BUILD_IDS] = "for its build id",
	[STAGE_WORKERS] = "to find workers",
	[STAGE_TOKIOS] = "for Tokio",
	[STAGE_SYMBOLS] = "for its symbols",
	[STAGE_FRAME_POINTERS] = "for frame pointers",
	[STAGE_TOKIO] = "for Tokio's state",
	[STAGE_SITES] = "for where polls begin",
};

void head_stage(volatile struct head_progress *progress, enum head_stage stage)
{
	progress->stage = stage;
	progress->touched = 0;
	parser_set_timer(STAGE_SECONDS);
}

/* How long the process may take. It may wait for files and memory that never come, and compute on a busy
 * machine. */
struct patience {
	int64_t end, active; /* ms: the deadline; when it was last seen to compute */
	clockid_t clock;
	uint64_t used; /* ns of CPU time */
};

static bool is_patient(void *context)
{
	struct patience *p = context;
	struct timespec used;
	int64_t now = clock_ms();

	if (clock_gettime(p->clock, &used) == 0) {
		uint64_t ns = (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;

		if (ns / 1000000 != p->used / 1000000)
			p->active = now;
		p->used = ns;
	}
	return now < p->end && now - p->active < IDLE_SECONDS * 1000;
}

static _Noreturn void run(int fd, pid_t parent, const struct head_process *process,
			  const struct head_deaths *deaths, volatile struct head_progress *progress)
{
	FILE *out = fdopen(fd, "w");

	if (!out)
		_exit(1);
	parser_begin(parent,
		     (int[]){fd, inspector_descriptor(), opener_descriptor(), debuginfod_descriptor()}, 4,
		     process->confine);
	process->write(out, deaths, progress, process->context);
	_exit(fclose(out) ? 1 : 0);
}

/* Has one process write a head, until `end` (ms). Returns NULL, and the head, which the caller frees; or what
 * the process died of (static text). */
static const char *attempt(const struct head_process *process, const struct head_deaths *deaths,
			   volatile struct head_progress *progress, int64_t end, char **text, size_t *size)
{
	struct patience patience = {.end = end, .active = clock_ms()};
	pid_t parent = getpid();
	int ends[2];

	*text = NULL;
	*progress = (struct head_progress){.stage = STAGE_NONE};
	if (pipe2(ends, O_CLOEXEC))
		return "could not be started";
	pid_t pid = fork();

	if (pid == 0) {
		close(ends[0]);
		run(ends[1], parent, process, deaths, progress);
	}
	close(ends[1]);
	bool whole = pid > 0 && !clock_getcpuclockid(pid, &patience.clock) &&
		     parser_read(ends[0], HEAD_MAX, is_patient, &patience, text, size);

	close(ends[0]);
	if (pid < 0)
		return "could not be started";
	const char *cause = parser_end(pid, !whole);

	if (cause) {
		free(*text);
		*text = NULL;
	}
	return cause;
}

static void append(char ***list, size_t *count, char *text)
{
	*list = xrealloc(*list, (*count + 1) * sizeof(**list));
	(*list)[(*count)++] = text;
}

/* Notes what the next process must leave out, because this one died of `cause`. If this is the `last` try:
 * all files. */
static void note_death(struct head_deaths *deaths, const struct head_process *process,
		       struct head_progress progress, const char *cause, bool last)
{
	enum head_stage stage = progress.stage < STAGES ? progress.stage : STAGE_NONE;
	const char *path = progress.touched ? process->file_at(progress.touched, process->context) : NULL;
	bool less = path && (stage == STAGE_BUILD_IDS || stage == STAGE_WORKERS || stage == STAGE_TOKIOS);
	char *why = xasprintf("reading %s %s %s", path ? path : "the process", purposes[stage], cause);

	append(&deaths->all, &deaths->count, why);
	if (less) {
		size_t files = deaths->files;

		append(&deaths->of, &files, why);
		append(&deaths->file, &deaths->files, xstrdup(path));
	} else {
		deaths->without[stage] = why;
	}
	for (int i = STAGE_NONE; last && i < STAGES; i++)
		deaths->without[i] = why;
}

static void forget(struct head_deaths *deaths)
{
	for (size_t i = 0; i < deaths->files; i++)
		free(deaths->file[i]);
	for (size_t i = 0; i < deaths->count; i++)
		free(deaths->all[i]);
	free(deaths->file);
	free(deaths->of);
	free(deaths->all);
}

int head_process_run(FILE *out, const struct head_process *process)
{
	struct head_progress *progress =
		mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct head_deaths deaths = {0};
	const char *cause;
	char *text = NULL;
	int64_t end = clock_ms() + SECONDS * 1000;
	size_t size = 0;
	int status = 1;
	bool last = false;

	if (progress == MAP_FAILED)
		xmalloc_failed(0);
	while ((cause = attempt(process, &deaths, progress, end, &text, &size)) &&
	       progress->stage != STAGE_NONE && !last) {
		last = deaths.count + 1 == DEATHS || clock_ms() >= end;
		note_death(&deaths, process, *progress, cause, last);
		if (last)
			end = clock_ms() + IDLE_SECONDS * 1000;
	}
	if (cause)
		fprintf(stderr, "hud-postproc head: reading the process %s%s\n", cause,
			progress->stage == STAGE_NONE ? "" : ", also without its files");
	else
		status = fwrite(text, 1, size, out) == size && !fflush(out) ? 0 : -1;
	free(text);
	forget(&deaths);
	munmap(progress, sizeof(*progress));
	return status;
}
