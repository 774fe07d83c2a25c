/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h - the report's parts, one file each; only report.c puts them together. */
#ifndef HUD_REPORT_PARTS_H
#define HUD_REPORT_PARTS_H

#include "base/text-layout.h"
#include "report/report.h"

struct report {
	struct page page;
	const struct model *model;
	struct report_options options; /* defaults filled in */
	/* The directory of the user's sources, from place_root(); may be NULL. */
	char *root;
	struct held_index *held; /* what locks' holders did, by its rank; NULL: nothing is ranked */
	const char *task;	 /* the task of all rows, which do not repeat it; NULL: they differ */
};

/* A name and, to its right, a source location ("" for none), in the rest of the line. Ends the line. */
void report_where(struct report *report, enum style style, const char *name, const char *place);

/* What makes the numbers too small, and what to do about it. */
void report_warnings(struct report *report);

/* All threads of a runtime wait for what only its tasks could do. */
void report_nobody_schedules(struct report *report);

/* Nothing to rank: says so, how certain that is, and what to try. */
void report_nothing(struct report *report);

/* The time of which the blocker's time is a share: the workers', or the main futures'. */
uint64_t report_time_of(const struct model *model, const struct blocker *blocker);

/* The ranked table of `top` rows. If all have the same task, it is written above them and set in
 * report->task. */
void report_table(struct report *report);

/* A line for each function that had to wait for a CPU. If there are any, begins with an empty line. */
void report_waits(struct report *report);

/* The index that report_held() and report_holds() need. Exits the program when out of memory. The model must
 * outlive it. */
struct held_index *held_index_new(const struct model *model);
void held_index_free(struct held_index *index);

/* What is done while the lock is held for which blocker `b` waits: "while in fdatasync(2): see #4; 31 of 31
 * waits, 380 ms". The i-th of these; last, if these are few, how many waits are not known; then NULL. Raw text; the caller frees it. */
char *report_held(const struct report *report, const struct blocker *b, size_t i);

/* Who waits for locks that are held in blocker number `rank`: "others waited for it 31 times, 380 ms: see
 * #7"; NULL if that is not known. The caller frees it. */
char *report_holds(const struct report *report, size_t rank);

/* How many ready tasks the blocker held up: "212 ready tasks at the median, 380 at the worst; ...". NULL if that is not
 * known. With `whole`, also says that there were none, and what else is known. The caller frees it. */
char *report_held_up(const struct blocker *blocker, bool whole);

/* What would change without the blocker, if all else stayed as it was: "all workers blocked -62%, delay of ready tasks
 * -40%". NULL if that is next to nothing, or not known. The caller frees it. */
char *report_without(const struct model *model, const struct blocker *blocker);

/* The paragraph about blocker number `rank` (from 0). */
void report_detail(struct report *report, size_t rank);

/* A line of the call chain: a frame, or several folded ones. */
struct entry {
	size_t from, to; /* indices in the stack, from >= to */
	bool folded;
};

/* Divides the chain, from the task's outermost frame to the leaf, into lines; `all` folds none. Returns how many;
 * `entries` has room for all frames. */
size_t report_chain_lines(const struct verdict *stack, bool all, struct entry *entries);

/* Why the function that is named is not the user's own; NULL if it is. Static text. */
const char *report_chain_note(const struct verdict *stack);

/* "60.1% asleep, 39.9% running": what the blocked time consists of, or NULL if it is of one kind. The caller frees
 * it. */
char *report_made_of(const struct blocker *blocker);

/* How much of the time was really spent in this function, if that is not nearly all of it; else NULL. The caller frees it. */
char *report_elsewhere(const struct blocker *blocker);

/* What the peers of this blocker have done: "woken by". Static text. */
const char *report_peers_role(const struct blocker *blocker);

/* "thread 43", "process 7, thread 8": which thread a peer is that has one. The caller frees it. */
char *report_peer_thread(const struct peer *peer);

/* The frames of a stack, from the task's (or thread's) outermost one to the leaf: a line each, or one for
 * several. */
void report_chain(struct report *report, const struct verdict *stack);

/* A line for each task with long polls, at most `top`. If there are any, begins with an empty line. */
void report_tasks(struct report *report);

/* The durations of all polls by task, at most `top`, if they were counted. Begins with an empty line. */
void report_polls(struct report *report);

/* A line for each worker, the most blocked first. */
void report_workers(struct report *report);

/* A line for each runtime that was looked at, and a sentence where something is wrong. If there are any, begins with an
 * empty line. */
void report_runtimes(struct report *report);

/* Where all tasks stood at the last look: a line for each of the `most` largest groups, and what was in busy workers'
 * queues. If there was a look, begins with an empty line. */
void report_standing(struct report *report, size_t most);

/* The same of what is wrong with a runtime's blocking pool: where its threads stood while jobs waited. */
void report_pool(struct report *report, const char *name, const struct runtime_sum *runtime);

/* A sentence below the runtimes' table. Frees the text. */
void report_sentence(struct page *page, char *text);

/* What the user's own scripts printed. If there is anything, begins with an empty line. */
void report_probes(struct report *report);

#endif
