/* SPDX-License-Identifier: Apache-2.0 */
/* offspring.c - see offspring.h. */
#include "sandbox/offspring.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define KILLED_MS 1000
#define FIRST_NS 20000 /* between checks: most processes end at once */
#define LAST_NS 10000000

int offspring_bind(pid_t parent, int signal)
{
	prctl(PR_SET_PDEATHSIG, signal);
	return getppid() == parent ? 0 : -1;
}

void offspring_keep(const int *kept, size_t count)
{
	unsigned next = 3;

	for (;;) {
		unsigned nearest = ~0u;

		for (size_t i = 0; i < count; i++)
			if (kept[i] >= (int)next && (unsigned)kept[i] < nearest)
				nearest = (unsigned)kept[i];
		if (nearest > next)
			close_range(next, nearest - 1, 0);
		if (nearest == ~0u)
			return;
		next = nearest + 1;
	}
}

/* Returns whether it has ended within `ms`. */
static bool await(pid_t pid, unsigned ms, int *status)
{
	int64_t end = clock_ms() + ms;
	long pause = FIRST_NS;

	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return true;
		if (clock_ms() >= end)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
		pause = 2 * pause < LAST_NS ? 2 * pause : LAST_NS;
	}
}

bool offspring_end(pid_t pid, unsigned ms, int *status)
{
	if (await(pid, ms, status))
		return true;
	kill(pid, SIGKILL);
	return await(pid, KILLED_MS, status);
}
