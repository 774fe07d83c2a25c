/* tally.h - adds up blocks to the model that is reported. */
#ifndef HUD_TALLY_TALLY_H
#define HUD_TALLY_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "tally/block.h"
#include "tally/model.h"

struct recent;
struct tally;

/* An empty tally. `window` (ns): only what ends in the last so many of the trace counts; 0: all of it. `detail`: how
 * much the model is to tell apart. */
struct tally *tally_new(uint64_t window, enum detail detail);
void tally_free(struct tally *tally);

/* A thread was seen, for the first time at `ns` (0: it was there at the start), with this name (raw bytes, copied; NULL: as it was) and role (ROLE_UNKNOWN:
 * as it was). What was never seen as a worker is no worker of the model's. */
void tally_thread(struct tally *tally, long tid, uint64_t ns, const char *comm, enum role role);

/* The thread exited at `ns`: it was watched no longer. What was no worker is forgotten, and so are the workers that went
 * earliest where very many have: the model has only their sum. */
void tally_gone(struct tally *tally, long tid, uint64_t ns);

/* The thread's role as last seen. */
enum role tally_role(const struct tally *tally, long tid);

/* From `ns` on no worker waits in the driver of I/O and timers, although one has nothing to do: so it is `unpolled`; or that is over. */
void tally_parked(struct tally *tally, uint64_t ns, bool unpolled);

/* A worker was stopped then. */
void tally_stopped(struct tally *tally, uint64_t start, uint64_t end);

/* `count` polls of a task (copied; NULL: not known) took so long: a class of the model's. Of another class they are left out. */
void tally_took(struct tally *tally, const char *task, unsigned class, uint64_t count);

void tally_add(struct tally *tally, const struct block *block);

/* From now on keeps at least the newest `blocks`, for whoever wants to look at them one by one. */
void tally_keep(struct tally *tally, uint64_t blocks);

/* The blocks that are kept; NULL if none are. */
const struct recent *tally_recent(const struct tally *tally);

/* Calls `visit` for each worker, in no order: its `first` is 0 if it was there at the start, `last` is set if it is gone. */
typedef void tally_visitor(void *context, const struct worker *worker, bool gone);
void tally_workers(const struct tally *tally, tally_visitor *visit, void *context);

/* Completes *model (whose target and counts are the caller's, start and end are set) with blockers, workers, spans and
 * sums of what has come until now. More may come. What *model points to is owned by the tally, and good until the next call. */
void tally_finish(struct tally *tally, struct model *model);

#endif
