/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - see clock.h. */
#include "base/clock.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t clock_ns(void)
{
	return ns_of(CLOCK_MONOTONIC);
}

int64_t clock_ms(void)
{
	return (int64_t)(clock_ns() / 1000000);
}

/* 5010 for 5.10. */
static unsigned release(void)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	if (uname(&name) == 0)
		sscanf(name.release, "%u.%u", &major, &minor);
	return major * 1000 + minor;
}

/* bpf_ktime_get_boot_ns() exists since Linux 5.8, and bpftrace uses it since 0.12. */
clockid_t clock_of_events(void)
{
	return release() >= 5008 ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
}

uint64_t clock_events_ns(void)
{
	return ns_of(clock_of_events());
}
