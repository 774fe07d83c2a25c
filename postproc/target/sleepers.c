/* SPDX-License-Identifier: Apache-2.0 */
/* sleepers.c - see sleepers.h. /proc/PID/task/TID/syscall: proc(5). */
#include "target/sleepers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libiberty/libiberty.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arch.h"
#include "stream/event.h"

#define AGAIN_NS 1000000000 /* how often the same descriptor is written */

struct sleeper {
	long tid;
	bool worker;
	int call;	/* its /proc/PID/task/TID/syscall, open; -1: it has ended */
	char last[256]; /* content of that when its descriptor was last written; "": never */
	uint64_t told;
};

struct sleepers {
	pid_t pid;
	struct sleeper *sleeper;
	size_t count;
	long driver;		/* descriptor on which the driver waits; -1: not known yet */
	bool several;		/* there are several drivers, and it is not known which worker uses which */
	size_t polling, asleep; /* as last written */
};

static bool one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names;
}

struct sleepers *sleepers_new(pid_t pid, char *const *tids, size_t count)
{
	struct sleepers *s = xcalloc(1, sizeof(*s));

	s->pid = pid;
	s->count = count;
	s->driver = -1;
	s->polling = s->asleep = SIZE_MAX;
	s->sleeper = xcalloc(count + 1, sizeof(*s->sleeper));
	for (size_t i = 0; i < count; i++) {
		char path[64];

		s->sleeper[i].worker = tids[i][0] == '+';
		s->sleeper[i].tid = strtol(tids[i], NULL, 10);
		snprintf(path, sizeof(path), "/proc/%d/task/%ld/syscall", (int)pid, s->sleeper[i].tid);
		s->sleeper[i].call = open(path, O_RDONLY | O_CLOEXEC);
	}
	return s;
}

void sleepers_free(struct sleepers *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->sleeper[i].call >= 0)
			close(s->sleeper[i].call);
	free(s->sleeper);
	free(s);
}

static enum descriptor kind_of(const struct statx *status)
{
	unsigned major_number = status->stx_rdev_major;
	mode_t mode = status->stx_mode;

	if (S_ISFIFO(mode))
		return DESCRIPTOR_PIPE;
	if (S_ISSOCK(mode))
		return DESCRIPTOR_SOCKET;
	/* consoles, /dev/tty, serial lines, pseudo-terminals: Documentation/admin-guide/devices.txt */
	if (S_ISCHR(mode) &&
	    (major_number == 4 || major_number == 5 || (major_number >= 136 && major_number <= 143)))
		return DESCRIPTOR_TERMINAL;
	if (S_ISREG(mode) || S_ISDIR(mode) || S_ISBLK(mode))
		return DESCRIPTOR_FILE;
	return DESCRIPTOR_OTHER;
}

/* Writes a line about descriptor `fd`. */
static void tell(const struct sleepers *s, const struct sleeper *sleeper, long number, long fd, uint64_t ns,
		 FILE *out)
{
	char path[64], name[257];
	struct statx status;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", (int)s->pid, fd);
	/* Does not ask the file system: one that does not answer would block this. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &status) ||
	    (length = readlink(path, name, sizeof(name) - 1)) < 0)
		return;
	name[length] = '\0';
	event_write(out, &(struct event){.kind = EVENT_DESCRIPTOR,
					 .ns = ns,
					 .tid = sleeper->tid,
					 .syscall = number,
					 .descriptor = {fd, kind_of(&status)},
					 .text = name});
}

/* The number of the call in which the thread sleeps, and its first argument; -1 if it does not. */
static long sleeping_in(struct sleeper *sleeper, char *text, size_t size, long *first)
{
	ssize_t length = sleeper->call < 0 ? -1 : pread(sleeper->call, text, size - 1, 0);
	long number = -1;
	unsigned long argument = 0;

	if (length < 0 && sleeper->call >= 0 && errno == ESRCH) {
		close(sleeper->call);
		sleeper->call = -1;
	}
	text[length > 0 ? length : 0] = '\0';
	if (sscanf(text, "%ld 0x%lx", &number, &argument) < 2)
		return -1;
	*first = (long)argument;
	return number;
}

void sleepers_look(struct sleepers *s, uint64_t ns, FILE *out)
{
	static const char *const on_descriptors[] = {"read",	 "write", "readv", "writev", "preadv2",
						     "pwritev2", "flock", "fcntl", NULL},
				 *const polls[] = {"epoll_wait", "epoll_pwait", "epoll_pwait2", NULL};
	size_t polling = 0, asleep = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct sleeper *sleeper = &s->sleeper[i];
		char text[sizeof(sleeper->last)];
		long first = 0, number = sleeping_in(sleeper, text, sizeof(text), &first);
		const char *name = number < 0 ? NULL : arch_syscall(arch_host(), number);
		bool on_descriptor = name && one_of(name, on_descriptors);

		if (name && sleeper->worker && one_of(name, polls)) {
			polling++;
			s->several |= s->driver >= 0 && s->driver != first;
			s->driver = first;
		}
		asleep += name && sleeper->worker && !strcmp(name, "futex");
		if (on_descriptor && (strcmp(text, sleeper->last) != 0 || ns - sleeper->told >= AGAIN_NS)) {
			tell(s, sleeper, number, first, ns, out);
			sleeper->told = ns;
		}
		strcpy(sleeper->last, on_descriptor ? text : "");
	}
	if (s->several || (polling == s->polling && asleep == s->asleep))
		return;
	event_write(out, &(struct event){.kind = EVENT_PARKED, .ns = ns, .parked = {polling, asleep}});
	s->polling = polling;
	s->asleep = asleep;
}
