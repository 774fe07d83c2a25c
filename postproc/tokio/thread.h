/* thread.h - one thread of the target, as the head of a stream has it. */
#ifndef HUD_TOKIO_THREAD_H
#define HUD_TOKIO_THREAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/inspector.h"
#include "tokio/role.h"

/* One thread. */
struct thread {
	pid_t tid;
	char comm[COMM_SIZE]; /* raw bytes: hostile */
	enum role role;
	bool watched; /* to be traced as a worker */
	char *in_place; /* what it was given to do in block_in_place, with its source place; NULL: it is not there */
	uint64_t thread_pointer; /* where its thread-local memory is (x86-64: fs base); 0: not known */
};

#endif
