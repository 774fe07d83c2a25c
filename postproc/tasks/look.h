/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - looks at a process or a core dump: all tasks and runtimes, and where the tasks stand. */
#ifndef HUD_TASKS_LOOK_H
#define HUD_TASKS_LOOK_H

#include <stdio.h>

#include "resolve/elf/address-space.h"
#include "tasks/chains.h"
#include "tasks/main-futures.h"
#include "tasks/runtimes.h"
#include "tasks/scan.h"
#include "tasks/tree.h"
#include "tasks/types.h"
#include "tasks/waits.h"

struct memory;
struct socket_descriptor;
struct sockets;

/* What to look at, and what the caller has opened for that. */
struct look_subject {
	long pid;			  /* live process; 0: a core dump */
	int core;			  /* its descriptor */
	int mem, pagemap;		  /* of the live process */
	struct socket_descriptor *socket; /* those that it had when this program was started */
	size_t sockets;
	struct targets targets;
	bool debuginfod;
	bool without_files; /* reads none of its files: there are no names, and no figures */
	bool only_behind; /* of threads, the look need not tell more than which tasks are behind them (behind.h) */
};

/* A look at the whole process. */
struct look {
	uint64_t ns; /* when it was, on the clock of event lines */
	bool live;   /* its memory changes while it is read */
	struct memory *memory;
	struct space *space;
	struct symbolizer *symbolizer;
	struct task_types types;
	struct scan scan;
	struct runtimes runtimes;
	char *exe; /* path of the program: hostile; NULL: not known */
	struct scan_thread *thread;
	struct chains *chains;
	struct arena *arena;	  /* of the tree */
	struct tree_node *tree;	  /* all await chains, joined where they are the same */
	size_t chained;		  /* tasks in it */
	size_t unreadable;	  /* idle tasks whose awaits were not there, or made no sense */
	struct main_future *main; /* found on stacks */
	size_t mains;
	struct sockets *sockets; /* their addresses */
	struct waits waits;
	struct wait_cycle *cycle; /* suspected deadlocks */
	size_t cycles;
	const char *no_chains; /* why a task has no chain, or NULL (static text) */
};

/* Looks. The look takes the descriptors. Returns NULL, and why (static text) there is nothing to be shown. */
struct look *look_new(const struct look_subject *subject, const char **why);
void look_free(struct look *look);

#endif
