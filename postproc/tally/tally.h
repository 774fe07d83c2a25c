/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h - adds up blocks into the model. */
#ifndef HUD_TALLY_TALLY_H
#define HUD_TALLY_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/block.h"
#include "tally/model.h"

struct recent;
struct runtime_look;
struct runtime_worked;
struct tally;

/* An empty tally. `window` (ns): only what ends so shortly before the end counts; 0: everything. `detail`:
 * how much the model contains. */
struct tally *tally_new(uint64_t window, enum detail detail);
void tally_free(struct tally *tally);

/* A thread was seen at `ns` (0: it was there at the start), with this name (raw bytes, copied; NULL:
 * unchanged) and role (ROLE_UNKNOWN: unchanged). A thread that was never seen as a worker is not in the
 * model's workers. */
void tally_thread(struct tally *tally, long tid, uint64_t ns, const char *comm, enum role role);

/* The thread exited at `ns`. Threads that were no workers are forgotten; of very many exited workers, the
 * earliest are kept only as a sum. */
void tally_gone(struct tally *tally, long tid, uint64_t ns);

/* The thread's latest role. */
enum role tally_role(const struct tally *tally, long tid);

/* At `ns`, a stretch begins (`unpolled`) or ends in which no worker waits in the driver of I/O and timers,
 * although one has nothing to do. */
void tally_parked(struct tally *tally, uint64_t ns, bool unpolled);

/* What a runtime said of itself at `ns`. */
void tally_runtime(struct tally *tally, uint64_t ns, const struct runtime_look *look);

/* Where a thread of a runtime's blocking pool stood. */
void tally_pooled(struct tally *tally, uint64_t handle, const struct pool_stand *thread);

/* What a worker of a runtime had done by `ns`. */
void tally_worked(struct tally *tally, uint64_t ns, const struct runtime_worked *worked);

/* A worker was stopped. */
void tally_stopped(struct tally *tally, uint64_t start, uint64_t end);

/* `count` polls of a task (copied; NULL: not known) took a duration of this class of the model. Other classes
 * are ignored. */
void tally_took(struct tally *tally, const char *task, unsigned class, uint64_t count);

/* The same for how long the task had waited from its wake to the begin of its poll. */
void tally_waited(struct tally *tally, const char *task, unsigned class, uint64_t count);

void tally_add(struct tally *tally, const struct block *block);

/* By what its blockers are ranked: by total unless this is called. */
void tally_rank_by(struct tally *tally, enum ranking ranking);

/* Keeps at least the newest `blocks` from now on, to be read one by one. */
void tally_keep(struct tally *tally, uint64_t blocks);

/* From now on, while nothing has been added, the last `span` ns can also be added up on their own; `since`: and, with shares, what
 * came since some time. */
void tally_watch_lately(struct tally *tally, uint64_t span, bool since);

/* As tally_finish() of a tally whose window is `span`, at most that one. */
void tally_finish_lately(struct tally *tally, uint64_t span, struct model *model);

/* As tally_finish(), with the blocks from number `first` on: as they became known, from 0. Returns the number of the next one, and
 * forgets those before it. */
uint64_t tally_finish_since(struct tally *tally, uint64_t first, struct model *model);

/* The kept blocks; NULL if none are kept. */
const struct recent *tally_recent(const struct tally *tally);

/* Calls `visit` for each worker, in no order: its `first` is 0 if it was there at the start, `last` is set if
 * it is gone. */
typedef void tally_visitor(void *context, const struct worker *worker, bool gone);
void tally_workers(const struct tally *tally, tally_visitor *visit, void *context);

/* Completes *model (target, counts, start and end are set by the caller) with blockers, workers, spans and
 * sums of everything so far. More may follow. What *model points to belongs to the tally, and is valid until
 * the next call. */
void tally_finish(struct tally *tally, struct model *model);

#endif
