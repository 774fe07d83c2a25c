/* SPDX-License-Identifier: Apache-2.0 */
/* procfs.c - see procfs.h.
 *
 * Which descriptor a worker reads, writes or locks while it sleeps, and what it refers to; whether a worker
 * waits in the driver of I/O and timers; how long the process's control group had no CPU because of its
 * quota, and the machine none because of its host. Each has its own line in the stream (probes/README.md).
 */
#include "monitor/procfs.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "sandbox/confine.h"
#include "target/cgroup.h"
#include "target/sleepers.h"

#define LOOK_MS 20	/* how often it looks at workers */
#define QUOTA_MS 10	/* and at a control group with a quota */
#define CHECK_MS 250	/* and whether the program still runs */
#define MOST_LOOKS 1000 /* at workers, in a second */

/* The time between looks: the cost of looking does not grow with the number of workers. */
static unsigned interval(size_t workers, bool quota)
{
	unsigned ms = LOOK_MS;

	if (workers * 1000 / LOOK_MS > MOST_LOOKS)
		ms = (unsigned)(workers * 1000 / MOST_LOOKS);
	return quota ? QUOTA_MS : ms;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* The current mappings of process `pid`; -1 if they cannot be opened. */
static int open_maps(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Does the program whose mappings were opened still run? If not, the kernel shows no mappings (m_start of
 * fs/proc/task_mmu.c), even if the process exists. */
static bool still_runs(int maps)
{
	char byte;

	return pread(maps, &byte, 1, 0) == 1;
}

/* Does process `pid` run another program than the one of `maps`? Nothing reports an exec. A process that ends
 * has no mappings. */
static bool is_replaced(pid_t pid, int maps)
{
	if (still_runs(maps))
		return false;
	int now = open_maps(pid);
	bool another = now >= 0 && still_runs(now);

	if (now >= 0)
		close(now);
	return another;
}

/* Looks until the process ends, or nobody reads the output. Returns an exit status. */
static int look(int pidfd, pid_t pid, int maps, struct cgroups *cgroups, struct sleepers *sleepers,
		unsigned ms)
{
	clockid_t clock = clock_of_events();
	uint64_t told = 0, looked = 0, checked = 0;

	do {
		uint64_t now = now_ns(clock);
		bool second = now - told >= 1000000000;

		cgroups_look(cgroups, now, second, stdout);
		if (now - looked >= (uint64_t)LOOK_MS * 1000000 - 1000000) {
			sleepers_look(sleepers, now, stdout);
			looked = now;
		}
		if (now - checked >= (uint64_t)CHECK_MS * 1000000) {
			if (is_replaced(pid, maps))
				return PROCFS_REPLACED;
			checked = now;
		}
		told = second ? now : told;
	} while (!fflush(stdout) && !ferror(stdout) && !process_ends(pidfd, (int)ms));
	return 0;
}

int procfs_run(int pidfd, const struct procfs_program *program, char *const *tids, size_t count)
{
	struct process_stat stat;

	if (confine_to_proc_reader())
		return 1;
	int maps = open_maps(program->pid);

	if (process_ends(pidfd, 0) || maps < 0 || !process_stat(program->pid, 0, &stat))
		return 0;
	/* It is the same process, so this tells whether its program was replaced since. */
	if (stat.stack != program->stack)
		return PROCFS_REPLACED;
	if (confine_proc_reader())
		return 1;
	struct cgroups *cgroups = cgroups_new(program->pid);
	struct sleepers *sleepers = sleepers_new(program->pid, tids, count);
	int status = look(pidfd, program->pid, maps, cgroups, sleepers,
			  interval(count, cgroups_have_quota(cgroups)));

	sleepers_free(sleepers);
	cgroups_free(cgroups);
	close(maps);
	return status;
}
