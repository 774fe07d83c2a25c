/* SPDX-License-Identifier: Apache-2.0 */
/* thread.h - a thread of the target, for the head of a stream. */
#ifndef HUD_TOKIO_THREAD_H
#define HUD_TOKIO_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/inspector.h"
#include "tokio/role.h"

/* A thread of the target. */
struct thread {
	pid_t tid;
	char comm[COMM_SIZE]; /* raw bytes: hostile */
	enum role role;
	bool watched;	/* to be traced as a worker */
	char *in_place; /* the function and source location that it runs in block_in_place, or NULL */
	uint64_t thread_pointer; /* of its thread-local memory (x86-64: fs base); 0: not known */
};

#endif
