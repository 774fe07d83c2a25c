/* SPDX-License-Identifier: Apache-2.0 */
/* stop-sleepers.h - stops sleeping workers for a moment (the process hud-stuck), so that the stacks of sleeps appear
 * that never end, or not before the trace does. */
#ifndef HUD_MONITOR_STOP_SLEEPERS_H
#define HUD_MONITOR_STOP_SLEEPERS_H

#include <stddef.h>
#include <sys/types.h>

/* Gives up all rights except to stop threads and read memory. Then, until process `pid` (`pidfd` refers to
 * it) ends: stops each worker among `tids` (`count` ids) for a moment that has slept in one poll for a
 * second. At SIGUSR2, which must be blocked, it does this for every sleeping worker, and ends. `tokio` has
 * the fields of the stream's tokio lines, one line each (by them, it also writes `runtime` lines to standard output once a second); if it is empty, polls are not known, and workers are
 * stopped only at the signal. Returns an exit status. */
int stop_sleepers_run(int pidfd, pid_t pid, const char *tokio, char *const *tids, size_t count);

#endif
