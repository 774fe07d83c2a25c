/* procfs.c - hud-postproc procfs: what /proc and the control groups of a process tell while its probes do not.
 *
 * Which descriptor a worker reads, writes or locks while it sleeps in that, and what this is; whether any worker waits in the driver
 * of I/O and timers; how long the process's control group had no CPU because of its quota, and the machine none because of its host.
 * Each is a line of its own in the stream (probes/README.md).
 */
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "command/command.h"
#include "sandbox/confine.h"
#include "target/cgroup.h"
#include "target/sleepers.h"

#define LOOK_MS 20	/* how often it looks at workers */
#define QUOTA_MS 10	/* and at a control group that has a quota */
#define MOST_LOOKS 1000 /* at workers, in a second */

static const char usage[] =
	"usage: hud-postproc procfs PID [[+]TID]...\n"
	"\n"
	"Until process PID ends: writes lines about its control groups, and about its threads TID\n"
	"while they sleep. Those with a + are the workers of a multi-thread runtime.\n";

/* How long to wait between looks: what looking costs does not grow with the workers. */
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

/* Looks until the process ends, or nobody reads what it writes. */
static void look(int pidfd, struct cgroups *cgroups, struct sleepers *sleepers, unsigned ms)
{
	clockid_t clock = clock_of_events();
	uint64_t told = 0, looked = 0;

	do {
		uint64_t now = now_ns(clock);
		bool second = now - told >= 1000000000;

		cgroups_look(cgroups, now, second, stdout);
		if (now - looked >= (uint64_t)LOOK_MS * 1000000 - 1000000) {
			sleepers_look(sleepers, now, stdout);
			looked = now;
		}
		told = second ? now : told;
	} while (!fflush(stdout) && !ferror(stdout) && !process_ends(pidfd, (int)ms));
}

int procfs_main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc < 2) {
		fputs(usage, stderr);
		return 2;
	}
	pid_t pid = command_pid("procfs", "PID", argv[1]);

	if (confine_to_proc_reader())
		return 1;
	int pidfd = process_open(pid);

	if (pidfd < 0 || confine_proc_reader())
		return 1;
	struct cgroups *cgroups = cgroups_new(pid);
	struct sleepers *sleepers = sleepers_new(pid, argv + 2, (size_t)argc - 2);

	look(pidfd, cgroups, sleepers, interval((size_t)argc - 2, cgroups_have_quota(cgroups)));
	sleepers_free(sleepers);
	cgroups_free(cgroups);
	close(pidfd);
	return 0;
}
