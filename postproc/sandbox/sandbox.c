/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.c - see sandbox.h. */
#include "sandbox/sandbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define OOM_SCORE                                                                                            \
	500 /* of 1000: before anything that has not asked for that, the largest of these first (proc(5)) */
#define MEMORY ((rlim_t)2 << 30) /* bytes of addresses of a report; it needs at most 512 MiB (replay.c) */

#include "sandbox/confine.h"
#include "sandbox/debuginfod.h"
#include "sandbox/message-relay.h"
#include "sandbox/opener.h"
#include "sandbox/userfiles.h"

void sandbox_yield_memory(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%d", OOM_SCORE);
	close(fd);
}

int sandbox_begin(long pid, bool debuginfod)
{
	sandbox_yield_memory();
	return opener_start(pid) || userfiles_start() || (debuginfod && debuginfod_start()) ||
			       confine_to_nobody()
		       ? -1
		       : 0;
}

/* Hostile input may make it allocate without end. The resolver has a limit of its own. */
static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur > MEMORY) {
		limit.rlim_cur = MEMORY;
		setrlimit(RLIMIT_AS, &limit);
	}
#endif
}

int sandbox_seal(void)
{
	limit_memory();
	tzset(); /* reads its file on first use */
	return confine_main();
}

void sandbox_end(void)
{
	userfiles_end();
	opener_end();
	debuginfod_end();
	messages_end();
}

int sandbox_resolver(void)
{
	/* The recorder stays root if root itself started it. */
	if (geteuid() == 0 && confine_to_nobody())
		return -1;
	return confine_resolver(opener_open);
}
