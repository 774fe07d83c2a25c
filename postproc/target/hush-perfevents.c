/* SPDX-License-Identifier: Apache-2.0 */
/* hush-perfevents.c - see hush-perfevents.h. */
#include "target/hush-perfevents.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>

#include "target/descriptors.h"

#define PROGRAMS 64 /* of one tracepoint, including others': as many as the kernel allows */

/* Only a tracepoint's event can list the programs (perf_event_query_prog_array). */
static bool is_tracepoint(int event)
{
	__u32 programs[2 + PROGRAMS] = {
		PROGRAMS}; /* struct perf_event_query_bpf: size of the list, its length, the ids */

	return ioctl(event, PERF_EVENT_IOC_QUERY_BPF, programs) == 0 || errno == ENOSPC;
}

static bool hush(int event, void *count, bool *done)
{
	(void)done;
	*(size_t *)count += is_tracepoint(event) && !ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
	return false;
}

size_t perfevents_hush(int pidfd, pid_t pid)
{
	size_t count = 0;

	descriptors_visit(pidfd, pid, "[perf_event]", hush, &count);
	return count;
}
