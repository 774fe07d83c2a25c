/* SPDX-License-Identifier: Apache-2.0 */
/* tell-begun.c - see tell-begun.h. */
#include "stream/tell-begun.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

void begun_tell(int *fd)
{
	if (!*fd)
		return;
	/* EPIPE: another process has reported it already. */
	if (write(*fd, "begun\n", 6) < 0 && errno != EPIPE)
		perror("hud-postproc: cannot report that tracing has begun");
	close(*fd);
	*fd = 0;
}
