/* SPDX-License-Identifier: Apache-2.0 */
/* glance.c - see glance.h. */
#include "head/glance.h"

#include <inttypes.h>
#include <libelf.h>
#include <stdlib.h>
#include <time.h>

#include <libiberty/libiberty.h>

#include "base/clock.h"
#include "head/head-process.h"
#include "head/roles.h"
#include "head/thread-pointers.h"
#include "head/tokios.h"
#include "resolve/elf/address-space.h"
#include "target/inspector.h"
#include "target/procmaps.h"
#include "tokio/layout.h"
#include "tokio/role.h"

#define LOOKS 50
#define APART_MS 20

struct subject {
	pid_t pid;
	char *exe;
	struct procmaps maps;
	struct thread *threads;
	size_t count;
};

/* What was seen of all workers. */
struct seen {
	char version[16];
	size_t workers, current_threads;
	uint64_t looks, busy, blocked;
};

static bool same_poll(const struct tokio_poll *a, const struct tokio_poll *b)
{
	return a->polls && b->polls && a->core == b->core && a->task == b->task && a->tick == b->tick;
}

static bool schedules(const struct thread *t)
{
	return t->thread_pointer && (t->role == ROLE_WORKER || t->role == ROLE_CURRENT_THREAD);
}

/* Looks at the workers for a second. */
static void watch(const struct subject *s, const struct tokio_layout *layout, struct seen *seen)
{
	struct tokio_poll *last = xcalloc(s->count + 1, sizeof(*last));
	int64_t due = clock_ms();

	for (int look = 0; look < LOOKS; look++) {
		for (size_t i = 0; i < s->count; i++) {
			struct tokio_poll poll = {0};

			if (!schedules(&s->threads[i]))
				continue;
			poll.polls = tokio_polls(s->pid, &s->threads[i], layout, &poll) && poll.polls;
			seen->looks++;
			seen->busy += poll.polls;
			seen->blocked += look && same_poll(&poll, &last[i]);
			last[i] = poll;
		}
		due += APART_MS;
		int64_t left = due - clock_ms();

		if (left > 0)
			nanosleep(&(struct timespec){.tv_nsec = left * 1000000}, NULL);
	}
	free(last);
}

static void count_workers(const struct subject *s, struct seen *seen)
{
	for (size_t i = 0; i < s->count; i++) {
		seen->workers += s->threads[i].role == ROLE_WORKER;
		seen->current_threads += s->threads[i].role == ROLE_CURRENT_THREAD;
	}
}

static void look_at(struct subject *s, struct space *space, const struct tokios *tokios, struct seen *seen)
{
	if (!thread_pointers_find(s->pid, s->threads, s->count))
		return;
	for (size_t i = 0; i < tokios->count && !seen->looks; i++) {
		struct tokio_layout layout;

		if (tokios_state(s->pid, space, tokios->module[i], s->threads, s->count, &layout))
			continue;
		count_workers(s, seen);
		watch(s, &layout, seen);
	}
}

static void share(FILE *out, uint64_t part, uint64_t whole)
{
	if (whole)
		fprintf(out, " %" PRIu64, (100 * part + whole / 2) / whole);
	else
		fputs(" -", out);
}

/* In the process that may crash. */
static void write_all(FILE *out, const struct head_deaths *deaths, volatile struct head_progress *progress,
		      void *context)
{
	struct subject *s = context;
	struct seen seen = {.version = ""};
	struct tokios tokios;

	elf_version(EV_CURRENT);
	head_stage(progress, STAGE_TOKIOS);
	struct space *space = space_new(&(struct space_options){.pid = s->pid, .exe = s->exe});

	for (size_t i = 0; i < deaths->files; i++)
		space_give_up(space, deaths->file[i], deaths->of[i]);
	for (size_t i = 0; i < s->maps.count; i++)
		space_add(space, &s->maps.mapping[i]);
	space_watch(space, &progress->touched);
	bool any = !deaths->without[STAGE_TOKIOS] && tokios_find_all(space, &tokios);

	if (any)
		tokio_version_text(tokios.module[0], seen.version, sizeof(seen.version));
	head_stage(progress, STAGE_TOKIO);
	if (any && !deaths->without[STAGE_TOKIO])
		look_at(s, space, &tokios, &seen);
	if (any) {
		fprintf(out, "glance %s", *seen.version ? seen.version : "-");
		if (seen.looks)
			fprintf(out, " %zu %zu", seen.workers, seen.current_threads);
		else
			fputs(" - -", out);
		share(out, seen.busy, seen.looks);
		share(out, seen.blocked, seen.looks);
		putc('\n', out);
	} else {
		fputs(deaths->count ? "glance - - - - -\n" : "glance none\n", out);
	}
	space_free(space);
}

static const char *file_at(uint64_t addr, void *context)
{
	const struct procmaps *maps = &((const struct subject *)context)->maps;

	for (size_t i = 0; i < maps->count; i++)
		if (maps->mapping[i].start <= addr && addr < maps->mapping[i].end)
			return maps->mapping[i].path;
	return NULL;
}

int glance_write(FILE *out, long pid, int (*confine)(void))
{
	struct subject s = {.pid = (pid_t)pid, .exe = inspector_exe((pid_t)pid)};
	int status = -1;

	if (s.exe && !procmaps_read(s.pid, &s.maps)) {
		s.count = threads_list(s.pid, &s.threads);
		if (s.count)
			status = head_process_run(out, &(struct head_process){.write = write_all,
									      .file_at = file_at,
									      .confine = confine,
									      .context = &s});
		threads_free(s.threads, s.count);
		procmaps_free(&s.maps);
	}
	free(s.exe);
	return status;
}
