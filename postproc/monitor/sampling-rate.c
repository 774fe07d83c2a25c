/* SPDX-License-Identifier: Apache-2.0 */
/* sampling-rate.c - see sampling-rate.h.
 *
 * Two consecutive polls are told apart by a look at each timer interrupt, so the length of a poll is known to
 * within two of them. Each interrupt costs time, much of it in a virtual machine. So there are few while
 * certainly no poll is long: shorter polls begin or end with a park, and that is seen. There are more when a
 * poll may have been long, and many while some are, because then lengths matter.
 */
#include "monitor/sampling-rate.h"

#include <dirent.h>
#include <errno.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/complain.h"
#include "base/process.h"
#include "sandbox/confine.h"
#include "target/bpfmap.h"
#include "target/timer-interrupts.h"

#define REST_MS 250 /* how often it reads the script's variables */
#define CALM_S 10   /* this long after the last long poll the rate falls */
/* And this long after the last one that may have been long: less than in probes/parts/samples.bt. */
#define SURE_S 60
#define RENEW_S 60 /* other events on a CPU shift existing ones */

/* The script's variables (descriptors; -1 if they cannot be read), and their last values. */
struct hints {
	int worked, doubt;
	uint64_t work, doubted;
	time_t calm, sure; /* when the rate falls */
};

/* Waits until the whole script is attached: what is attached later shifts a CPU's timers. Then opens its
 * other variables. Returns false if the process has ended before. */
static bool await_begin(int pidfd, pid_t pid, struct hints *hints)
{
	int begun = -1;

	while (begun < 0 || !bpfmap_number(begun)) {
		if (process_ends(pidfd, REST_MS))
			return false;
		if (begun < 0)
			begun = bpfmap_open(pidfd, pid, "begun");
		if (begun < 0 && errno != ENOENT)
			return true;
	}
	close(begun);
	hints->worked = bpfmap_open(pidfd, pid, "worked");
	hints->doubt = bpfmap_open(pidfd, pid, "doubt");
	return true;
}

/* The CPUs that the process's threads may use; all, if that cannot be read. */
static void allowed(pid_t pid, cpu_set_t *cpus)
{
	size_t size = CPU_ALLOC_SIZE(TIMERS_CPUS);
	cpu_set_t *one = CPU_ALLOC(TIMERS_CPUS);
	char path[32];

	CPU_ZERO_S(size, cpus);
	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	DIR *threads = opendir(path);
	const struct dirent *thread;

	while (one && threads && (thread = readdir(threads))) {
		pid_t tid = (pid_t)strtol(thread->d_name, NULL, 10);

		if (tid > 0 && sched_getaffinity(tid, size, one) == 0)
			CPU_OR_S(size, cpus, cpus, one);
	}
	if (threads)
		closedir(threads);
	CPU_FREE(one);
	if (CPU_COUNT_S(size, cpus) == 0)
		memset(cpus, 0xff, size);
}

static unsigned choose(struct hints *hints, const struct sampling_rates *rates, time_t now)
{
	uint64_t work = hints->worked >= 0 ? bpfmap_number(hints->worked) : 0;
	uint64_t doubted = hints->doubt >= 0 ? bpfmap_number(hints->doubt) : 0;

	/* There is always a little, of polls that were mostly without a CPU. */
	if (work - hints->work >= rates->threshold_ns)
		hints->calm = now + CALM_S;
	if (doubted != hints->doubted || hints->doubt < 0)
		hints->sure = now + SURE_S;
	hints->work = work;
	hints->doubted = doubted;
	return now < hints->calm ? rates->fast : now < hints->sure ? rates->slow : rates->rest;
}

int sampling_rate_run(int pidfd, pid_t bpftrace, pid_t target, const struct sampling_rates *rates)
{
	struct timers timers = {0};
	struct hints hints = {.worked = -1, .doubt = -1};
	unsigned current = 0;
	time_t renewed = 0;
	int status = 0;

	if (confine_rate())
		return 1;
	if (!await_begin(pidfd, bpftrace, &hints))
		return 0;
	cpu_set_t *cpus = CPU_ALLOC(TIMERS_CPUS);

	if (!cpus)
		xmalloc_failed(CPU_ALLOC_SIZE(TIMERS_CPUS));
	do {
		time_t now = clock_ms() / 1000;
		unsigned wanted = choose(&hints, rates, now);

		if (wanted == current && now < renewed + RENEW_S)
			continue;
		allowed(target, cpus);
		if (timers_set(&timers, wanted, cpus)) {
			complain("hud-postproc: no timer interrupts but the kernel's: %s\n", strerror(errno));
			status = 1;
			break;
		}
		current = wanted;
		renewed = now;
	} while (!process_ends(pidfd, REST_MS));
	timers_close(&timers);
	CPU_FREE(cpus);
	if (hints.worked >= 0)
		close(hints.worked);
	if (hints.doubt >= 0)
		close(hints.doubt);
	return status;
}
