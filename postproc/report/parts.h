/* parts.h - the report's parts, one file each; only report.c puts them together. */
#ifndef HUD_REPORT_PARTS_H
#define HUD_REPORT_PARTS_H

#include "base/text-layout.h"
#include "report/report.h"

struct report {
	struct page page;
	const struct model *model;
	struct report_options options; /* defaults filled in */
	char *root;		       /* where the user's sources are, from place_root; may be NULL */
	const char *task; /* of all rows of the ranking, which say it no more; NULL: they differ */
};

/* A name and, to its right, a source place ("" for none), in what is left of the line. Ends the line. */
void report_where(struct report *report, enum style style, const char *name, const char *place);

/* What makes the numbers less than they should be, and what to do about it. */
void report_warnings(struct report *report);

/* All threads of a runtime wait for what only its tasks could do. */
void report_nobody_schedules(struct report *report);

/* Nothing to rank: says so, what that rests on, and what to try. */
void report_nothing(struct report *report);

/* The time that a blocker's is a share of: the workers', or that of the main futures. */
uint64_t report_time_of(const struct model *model, const struct blocker *blocker);

/* The ranked table, `top` rows. If all of them are of the same task, it stands above, and in report->task from then on. */
void report_table(struct report *report);

/* A line for each function that had to wait for a CPU. Begins with an empty line, if there are any. */
void report_waits(struct report *report);

/* What is done while the lock is held that blocker `b` waits for: "while in fdatasync(2): see #4; 31 of 31 waits, 380 ms". The i-th of these; NULL
 * past the last. Raw text; the caller frees it. */
char *report_held(const struct report *report, const struct blocker *b, size_t i);

/* Who waits for locks that are held in blocker number `rank`: "others waited for it 31 times, 380 ms: see #7"; NULL: nobody, as far as is known. The
 * caller frees it. */
char *report_holds(const struct report *report, size_t rank);

/* The paragraph about blocker number `rank` (from 0). */
void report_detail(struct report *report, size_t rank);

/* The frames of a stack, from the task's outermost one (or the thread's) to the leaf, a line each, or one for several. */
void report_chain(struct report *report, const struct verdict *stack);

/* A line per task with long polls, `top` of them. Begins with an empty line, if there are any. */
void report_tasks(struct report *report);

/* How long all polls took, by task, `top` of these, if that was counted. Begins with an empty line. */
void report_polls(struct report *report);

/* A line per worker, the worst first. */
void report_workers(struct report *report);

/* What the user's own scripts printed. Begins with an empty line, if there are any. */
void report_probes(struct report *report);

#endif
