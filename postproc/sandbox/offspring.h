/* SPDX-License-Identifier: Apache-2.0 */
/* offspring.h - child processes: they end with their parent, and it does not wait forever for one that
 * hangs. */
#ifndef HUD_SANDBOX_OFFSPRING_H
#define HUD_SANDBOX_OFFSPRING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Has the kernel send `signal` to this process when the thread of `parent` that forked it ends. Returns 0; -1
 * if it has ended already: then no signal comes. Stays in force when rights are given up (confine.h). */
int offspring_bind(pid_t parent, int signal);

/* Closes all descriptors from 3 up but the `count` of `kept`; negative ones are none. */
void offspring_keep(const int *kept, size_t count);

/* Waits for the end of child `pid`: for `ms`, and when it was killed then, for a second more. One that hangs in the kernel ends when that lets
 * go of it, and is init's by then. Returns whether it has ended, with *status as of wait(2), if that is not NULL. */
bool offspring_end(pid_t pid, unsigned ms, int *status);

#endif
