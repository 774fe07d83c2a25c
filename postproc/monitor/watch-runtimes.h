/* SPDX-License-Identifier: Apache-2.0 */
/* watch-runtimes.h - writes what the runtimes of the target say of themselves: `runtime` lines. */
#ifndef HUD_MONITOR_WATCH_RUNTIMES_H
#define HUD_MONITOR_WATCH_RUNTIMES_H

#include <stdio.h>
#include <sys/types.h>

struct watched_runtimes;
struct thread;
struct tokio_layout;

/* Exits the program when out of memory. */
struct watched_runtimes *watched_runtimes_new(pid_t pid);
void watched_runtimes_free(struct watched_runtimes *runtimes);

/* Learns which runtime the thread drives, if its thread pointer is known. */
void watched_runtimes_learn(struct watched_runtimes *runtimes, const struct thread *thread,
			    const struct tokio_layout *layout);

/* Writes a line for each runtime that is still there. */
void watched_runtimes_write(struct watched_runtimes *runtimes, FILE *out);

#endif
