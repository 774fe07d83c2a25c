/* SPDX-License-Identifier: Apache-2.0 */
/* runtimes.h - the runtimes of a process: those that tasks belong to, and those that threads drive. */
#ifndef HUD_TASKS_RUNTIMES_H
#define HUD_TASKS_RUNTIMES_H

#include <sys/types.h>

#include "tokio/layout.h"
#include "tokio/runtime.h"

struct memory;
struct module;
struct scan;
struct task_types;

/* A thread that drives a runtime. */
struct runtime_thread {
	pid_t tid;
	struct runtime_driver driver;
	bool placed;   /* it is known what it does: */
	bool parked;   /* it waits for something to do */
	uint64_t task; /* the id of the task that it polls; 0: none, or not known */
};

struct runtime {
	uint64_t handle, owner;
	const char *flavour;		 /* "multi-thread", "current-thread", "local-set"; NULL: not known */
	struct runtime_figures *figures; /* NULL: could not be read */
	const struct runtime_layout *layout; /* by which they were read */
	struct runtime_thread *thread;
	size_t threads;
	size_t tasks;	 /* that were found, without those that have ended */
	size_t complete; /* that have ended, and whose result nobody has taken yet */
};

/* All runtimes of a process. */
struct runtimes {
	struct runtime *runtime;
	size_t count;
	struct runtime_layouts layouts;
	struct tokio_layout tokio;
	bool threads_known;		     /* `tokio` leads from threads to runtimes */
	const char *no_figures, *no_threads; /* why there are none (static text), or NULL */
	const char *how;		     /* of the layout in use, or NULL */
};

/* Finds where the module's Tokio keeps its state. `pid`: the live process, in which threads may be searched for where there is
 * no debug info; or 0. */
void runtimes_prepare(struct runtimes *runtimes, struct module *module, pid_t pid, const struct scan *scan);

/* Finds the runtimes, and sets each task's. */
void runtimes_find(struct runtimes *runtimes, struct scan *scan);

void runtimes_free(struct runtimes *runtimes);

#endif
