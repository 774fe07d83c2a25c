/* perfevents.c - see perfevents.h. */
#include "perfevents.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROGRAMS 64 /* of one tracepoint, those of others among them: as many as the kernel allows */

/* Only an event of a tracepoint tells which programs that has (perf_event_query_prog_array). */
static bool is_tracepoint(int event)
{
	__u32 programs[2 + PROGRAMS] = {
		PROGRAMS}; /* struct perf_event_query_bpf: room for ids, how many there are, the ids */

	return ioctl(event, PERF_EVENT_IOC_QUERY_BPF, programs) == 0 || errno == ENOSPC;
}

static bool is_perf_event(DIR *directory, const char *name)
{
	char target[32];
	ssize_t length = readlinkat(dirfd(directory), name, target, sizeof(target) - 1);

	if (length < 0)
		return false;
	target[length] = '\0';
	return !strcmp(target, "anon_inode:[perf_event]");
}

size_t perfevents_hush(int pidfd, pid_t pid)
{
	char path[32];
	size_t count = 0;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *directory = opendir(path);

	while (directory && (entry = readdir(directory))) {
		if (!is_perf_event(directory, entry->d_name))
			continue;
		int event = (int)syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);

		if (event < 0)
			continue;
		count += is_tracepoint(event) && !ioctl(event, PERF_EVENT_IOC_DISABLE, 0);
		close(event);
	}
	if (directory)
		closedir(directory);
	return count;
}
