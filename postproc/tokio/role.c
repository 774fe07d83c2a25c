/* SPDX-License-Identifier: Apache-2.0 */
/* role.c - see role.h. */
#include "tokio/role.h"

const char *role_name(enum role role)
{
	static const char *const names[] = {
		[ROLE_UNKNOWN] = "unknown",
		[ROLE_WORKER] = "worker",
		[ROLE_CURRENT_THREAD] = "current-thread",
		[ROLE_MAIN_FUTURE] = "main-future",
		[ROLE_BLOCKING] = "blocking-pool",
		[ROLE_OTHER] = "other",
	};

	return names[role];
}
