/* SPDX-License-Identifier: Apache-2.0 */
/* timer-interrupts.c - see timer-interrupts.h. */
#include "target/timer-interrupts.h"

#include <errno.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define SECOND UINT64_C(1000000000)
#define EARLY 100000 /* ns: how much earlier to wake up */
#define LATE 4000    /* ns after a tick that still count as together with it */
#define ATTEMPTS 8

/* The time between two kernel ticks in ns: the step of its coarse clocks. */
static uint64_t tick_length(void)
{
	struct timespec t = {0};

	clock_getres(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_nsec > 0 ? (uint64_t)t.tv_nsec : SECOND / 250;
}

/* Do some CPUs have no ticks while they work? */
static bool has_tickless(void)
{
	FILE *in = fopen("/sys/devices/system/cpu/nohz_full", "re");
	int c = in ? getc(in) : EOF;

	if (in)
		fclose(in);
	return c >= '0' && c <= '9';
}

/* Are the kernel's ticks ordinary timers? Without high resolution they are not, and no timer tracepoint shows
 * them. */
static bool are_timers(void)
{
	FILE *in = fopen("/proc/timer_list", "re");
	char line[256];
	unsigned active = 1;

	while (in && active && fgets(line, sizeof(line), in))
		sscanf(line, " .hres_active : %u", &active);
	if (in)
		fclose(in);
	return active != 0;
}

/* The phase of the ticks on each of `count` CPUs, in ns after a multiple of the ticks' length, if the kernel
 * tells (/proc/timer_list; the timer's function is tick_sched_timer until Linux 6.8, then tick_nohz_handler);
 * otherwise 0. The caller frees it. */
static uint64_t *tick_phases(size_t count, uint64_t tick)
{
	uint64_t *phase = xcalloc(count + 1, sizeof(*phase)), expires;
	FILE *in = fopen("/proc/timer_list", "re");
	char line[256];
	size_t cpu = count;
	bool ticks = false;

	while (in && fgets(line, sizeof(line), in)) {
		const char *timer = strstr(line, ">, ");

		if (sscanf(line, "cpu: %zu", &cpu) == 1)
			continue;
		/* A stopped tick has no time, or a distant one. */
		if (ticks && cpu < count && sscanf(line, " # expires at %" SCNu64, &expires) == 1 &&
		    expires < INT64_MAX)
			phase[cpu] = expires % tick;
		ticks = timer && !strncmp(timer + 3, "tick_", 5);
	}
	if (in)
		fclose(in);
	return phase;
}

/* Opens an event that counts every `period` ns on that CPU by a timer. It is not enabled yet. Returns -1 with
 * errno set if that fails. */
static int open_event(int cpu, uint64_t period)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
				       .size = sizeof(attr),
				       .config = PERF_COUNT_SW_CPU_CLOCK,
				       .sample_period = period,
				       .disabled = 1};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* Enables an event one period after a tick, so that every `tick` / `period`th expiry coincides with a tick.
 * Runs on that CPU, if this process may. */
static void switch_on(int event, int cpu, uint64_t period, uint64_t tick, uint64_t phase)
{
	cpu_set_t here;
	uint64_t at = 0;

	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	sched_setaffinity(0, sizeof(here), &here);
	for (int i = 0; i < ATTEMPTS && clock_ns() - at >= LATE; i++) {
		uint64_t soon = clock_ns() + 2 * EARLY;

		at = soon + tick - (soon - phase + tick - period % tick) % tick;
		uint64_t early = at - EARLY;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
				&(struct timespec){(time_t)(early / SECOND), (long)(early % SECOND)}, NULL);
		while (clock_ns() < at)
			;
	}
	ioctl(event, PERF_EVENT_IOC_ENABLE, 0);
}

/* Replaces the event of one CPU, without a gap. */
static int set(int *event, int cpu, uint64_t period, uint64_t tick, uint64_t phase)
{
	int old = *event;

	*event = open_event(cpu, period);
	int error = *event < 0 ? errno : 0;

	if (!error)
		switch_on(*event, cpu, period, tick, phase);
	if (old >= 0)
		close(old);
	return error == ENODEV ? 0 : error; /* ENODEV: it is offline */
}

static void end(int *event)
{
	if (*event >= 0)
		close(*event);
	*event = -1;
}

int timers_set(struct timers *timers, unsigned hz, const cpu_set_t *cpus)
{
	uint64_t tick = tick_length(), parts = (tick * hz + SECOND - 1) / SECOND, period = tick / parts;
	cpu_set_t before;
	int error = 0;

	if (parts == 1 && !has_tickless() && are_timers()) {
		timers_close(timers);
		return 0;
	}
	if (!timers->events) {
		timers->cpus = (size_t)sysconf(_SC_NPROCESSORS_CONF);
		timers->events = xmalloc(timers->cpus * sizeof(*timers->events));
		for (size_t cpu = 0; cpu < timers->cpus; cpu++)
			timers->events[cpu] = -1;
	}
	uint64_t *phase = tick_phases(timers->cpus, tick);
	bool moved = sched_getaffinity(0, sizeof(before), &before) == 0;
	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t cpu = 0; cpu < timers->cpus && !error; cpu++) {
		if (CPU_ISSET_S(cpu, CPU_ALLOC_SIZE(TIMERS_CPUS), cpus))
			error = set(&timers->events[cpu], (int)cpu, period, tick, phase[cpu]);
		else
			end(&timers->events[cpu]);
	}
	if (moved)
		sched_setaffinity(0, sizeof(before), &before);
	free(phase);
	if (error) {
		timers_close(timers);
		errno = error;
		return -1;
	}
	return 0;
}

void timers_close(struct timers *timers)
{
	for (size_t cpu = 0; timers->events && cpu < timers->cpus; cpu++)
		end(&timers->events[cpu]);
	free(timers->events);
	*timers = (struct timers){0};
}
