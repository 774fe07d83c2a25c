/* SPDX-License-Identifier: Apache-2.0 */
/* pool-stacks.h - writes where the threads of a blocking pool stand: `pooled` lines, and those of their stacks. */
#ifndef HUD_MONITOR_POOL_STACKS_H
#define HUD_MONITOR_POOL_STACKS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct pool_place {
	pid_t pid;
	uint64_t ns;	       /* the time of the lines */
	uint64_t handle, pool; /* addresses of the runtime's handle, and of its pool: Arcs */
	const pid_t *worker;   /* threads that are left out: the runtime's workers; 0: none */
	size_t workers;
	const uint64_t *job; /* headers of the jobs that wait */
	size_t jobs;
};

/* Stops the threads of the process for a moment, one after the other, up to 64 of the pool. A thread is the pool's if its
 * stack or a register holds the address that blocking::pool::Inner::run() was called for. Returns how many it has
 * written. */
size_t pool_stacks_write(const struct pool_place *place, FILE *out);

#endif
