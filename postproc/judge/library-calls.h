/* SPDX-License-Identifier: Apache-2.0 */
/* library-calls.h - what a task's code called, as far as this decides why it blocks. */
#ifndef HUD_JUDGE_LIBRARY_CALLS_H
#define HUD_JUDGE_LIBRARY_CALLS_H

#include <stddef.h>

#include "resolve/symbolize/frame.h"

enum call {
	CALL_NONE,
	CALL_FILE,
	CALL_SOCKET,
	CALL_PIPE,
	CALL_NAME_LOOKUP,
	CALL_BLOCK_ON,
	CALL_CHILD,
	CALL_STDIN,
	CALL_STDOUT,
	CALL_STDERR,
	CALL_THREAD, /* starting a thread; its system calls look like those of a child process */
};

/* What a frame is part of, by its names. */
enum call call_of(const struct frame *frame);

/* What the code nearest to the leaf called. `call` has what each of the `count` frames is part of, leaf
 * first. User code further out does not count. */
enum call calls_decide(const struct frame *const *frame, const enum call *call, size_t count);

#endif
