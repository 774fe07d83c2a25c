/* SPDX-License-Identifier: Apache-2.0 */
/* main-futures.h - the futures that threads poll in block_on, such as the body of #[tokio::main]. They are no tasks, and
 * stand on their threads' stacks. */
#ifndef HUD_TASKS_MAIN_FUTURES_H
#define HUD_TASKS_MAIN_FUTURES_H

#include <stddef.h>
#include <sys/types.h>

struct await_task;
struct look;

/* One that was found, and where it waits. */
struct main_future {
	pid_t tid;
	struct await_task *chain;
	struct tree_node *place; /* as of found_task */
};

/* Looks on the stacks of the first thread, and of those that drive a current-thread runtime. Some are not found: on other
 * threads, where the future is boxed, where what it waits for is not known, and without debug info. The caller frees them
 * by main_futures_free(). */
size_t main_futures_find(struct look *look, struct main_future **found);
void main_futures_free(struct main_future *found, size_t count);

#endif
