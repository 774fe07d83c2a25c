/* stuck.h - makes the stacks of sleeps be seen that never end, or not before the trace does. */
#ifndef HUD_MONITOR_STUCK_H
#define HUD_MONITOR_STUCK_H

#include <stddef.h>
#include <sys/types.h>

/* Gives up all rights but to stop threads and read memory. Then, until process `pid` ends, to which `pidfd` refers: stops each of its
 * workers, whose `count` ids are `tids`, for a moment that has slept in one poll for a second; and at SIGUSR2, which must be blocked, each that
 * sleeps: then it ends. `tokio` are the fields of a stream's tokio lines, one in each line; if it is empty, polls are not known, and workers are only
 * stopped at the signal. Returns an exit status. */
int stuck_run(int pidfd, pid_t pid, const char *tokio, char *const *tids, size_t count);

#endif
