/* pace-command.c - hud-postproc pace: how often the programs of a trace get to see who runs.
 *
 * Two polls that follow each other at once are told apart by looking at them at each timer interrupt, so a poll's length is known
 * to the distance of two of these. Each costs the interrupted CPU some time, and a virtual machine much: few will do until there are
 * long polls, whose lengths matter.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bpfmap.h"
#include "clock.h"
#include "command.h"
#include "timers.h"

#define REST_MS 250 /* how often it looks */
#define CALM_S 10   /* so long after the last long poll */
#define RENEW_S 60  /* other events on a CPU shift those that are there */
#define HZ_LIMIT 10000

static const char usage[] =
	"usage: hud-postproc pace BPFTRACE THRESHOLD_US SLOW FAST\n"
	"\n"
	"Has each CPU be interrupted by a timer SLOW times a second, and FAST times while polls are long:\n"
	"those of THRESHOLD_US or longer, whose time (ns) the script that process BPFTRACE runs adds up in\n"
	"its variable @worked once @begun is 1. Ends with it.\n";

/* Waits for REST_MS. Returns false when the process has ended. */
static bool rest(int pidfd)
{
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	return poll(&ended, 1, REST_MS) == 0;
}

/* Waits until all of the script is attached: what is attached to a CPU later shifts the timers there. Sets *worked to the time of
 * its long polls, or to -1 if the script's variables cannot be read. Returns false when the process has ended before. */
static bool await_begin(int pidfd, pid_t pid, int *worked)
{
	int begun = -1;

	while (begun < 0 || !bpfmap_number(begun)) {
		if (!rest(pidfd))
			return false;
		if (begun < 0)
			begun = bpfmap_open(pidfd, pid, "begun");
		if (begun < 0 && errno != ENOENT)
			return true;
	}
	close(begun);
	*worked = bpfmap_open(pidfd, pid, "worked");
	return true;
}

static int pace(int pidfd, pid_t pid, uint64_t threshold, unsigned slow, unsigned fast)
{
	struct timers timers = {0};
	unsigned current = 0;
	uint64_t before = 0;
	time_t renewed = 0, calm = 0;
	int worked = -1, status = 0;

	if (!await_begin(pidfd, pid, &worked))
		return 0;
	do {
		uint64_t all = worked >= 0 ? bpfmap_number(worked) : 0;
		time_t at = clock_ms() / 1000;

		/* A little is always there, of polls that were mostly without a CPU. */
		if (all - before >= threshold)
			calm = at + CALM_S;
		before = all;
		unsigned wanted = at < calm ? fast : slow;
		if (wanted == current && at < renewed + RENEW_S)
			continue;
		if (timers_set(&timers, wanted)) {
			fprintf(stderr, "hud-postproc pace: no timer interrupts but the kernel's: %s\n",
				strerror(errno));
			status = 1;
			break;
		}
		current = wanted;
		renewed = at;
	} while (rest(pidfd));
	timers_close(&timers);
	if (worked >= 0)
		close(worked);
	return status;
}

int pace_main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")))
		return fputs(usage, stdout) < 0;
	if (argc != 5) {
		fputs(usage, stderr);
		return 2;
	}
	pid_t pid = (pid_t)command_number("pace", "BPFTRACE", argv[1], 1, 4194304);
	uint64_t threshold = (uint64_t)command_number("pace", "THRESHOLD_US", argv[2], 1, 1e12) * 1000;
	unsigned slow = (unsigned)command_number("pace", "SLOW", argv[3], 1, HZ_LIMIT);
	unsigned fast = (unsigned)command_number("pace", "FAST", argv[4], 1, HZ_LIMIT);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (pidfd < 0)
		return 0;
	int status = pace(pidfd, pid, threshold, slow, fast);

	close(pidfd);
	return status;
}
