/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h - turns an event-line stream, live or recorded, into the model of what happened. */
#ifndef HUD_REPLAY_REPLAY_H
#define HUD_REPLAY_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "resolve/elf/address-space.h"
#include "tally/model.h"
#include "tally/polls.h"
#include "tally/tally.h"

struct replay_options {
	long pid; /* live process to read files through; 0: a recording */
	struct targets targets;
	/* Gives up the rights of the resolving process; NULL: this process resolves (resolve/resolver.h). */
	int (*confine)(void);
	bool debuginfod;      /* ask debuginfod servers for missing debug info */
	bool all_stacks;      /* replay_write_stacks() will be called */
	enum detail detail;   /* of the model */
	enum ranking ranking; /* of its blockers */
	int begun;	      /* begun_tell(), of a stream while it is traced; 0: nobody waits for that */
	uint64_t window;      /* ns: only the last so many count; 0 = all */
	uint64_t lately;      /* ns: replay_lately() will be called, for at most so many; 0: it will not */
	bool since;	      /* replay_since() will be called, now and then */
	FILE *probe_output;   /* gets what the user's own scripts printed; NULL: none does */
};

struct replay;

/* Copies `options`. Exits the program when out of memory. */
struct replay *replay_new(const struct replay_options *options);
void replay_free(struct replay *replay);

/* The stream is pushed in: replay_begin(), replay_feed() with its bytes as they come, replay_end(). */

/* Fills in *model, which points into `replay`. From then on it has the target, counts of events, its start,
 * and as its end the latest time seen. */
void replay_begin(struct replay *replay, struct model *model);

/* Reads the next bytes, cut anywhere. Returns 0; or -1 with errno EPROTONOSUPPORT: the stream has a later
 * version. */
int replay_feed(struct replay *replay, const char *bytes, size_t size);

/* Ends the stream, and completes the model. Returns 0; or -1 with errno EINVAL if it was not an event-line
 * stream. */
int replay_end(struct replay *replay);

/* Does all of this with the bytes of `in`. Returns 0; or -1 with errno set if reading failed, or as the
 * others. *model has everything until then. */
int replay_read(struct replay *replay, FILE *in, struct model *model);

/* The text for an errno of these functions. */
const char *replay_error(int error);

/* Between replay_begin() and replay_end(): */

/* Keeps the newest `count` blocks from now on, for replay_blocks() (tally/recent.h). */
void replay_keep_blocks(struct replay *replay, uint64_t count);
const struct recent *replay_blocks(const struct replay *replay);

/* Calls `visit` for each worker so far. */
void replay_workers(const struct replay *replay, tally_visitor *visit, void *context);

/* Calls `visit` for each poll that still lasts. */
void replay_running(const struct replay *replay, polls_visitor *visit, void *context);

/* The target's clock has reached `ns` without further bytes: judges events that waited for earlier ones. */
void replay_advance(struct replay *replay, uint64_t ns);

/* Fills in *model as replay_end() would if the stream ended here, except for polls that still last. Valid
 * until more is fed. */
void replay_so_far(struct replay *replay, struct model *model);

/* Fills in *model as replay_so_far(), but with the last `span` ns (at most options.lately) of what is judged by now. Counts that do not come with
 * blocks (lost events, throttling, ...) are those since the start. */
void replay_lately(struct replay *replay, uint64_t span, struct model *model);

/* The same with the blocks from number `first` on, in the order in which they became known, from 0; the model begins with `from`. Also after
 * replay_end(). Returns the number of the next block. */
uint64_t replay_since(struct replay *replay, uint64_t first, uint64_t from, struct model *model);

/* Has the program no names, as far as its stacks that were read tell? */
bool replay_nameless(const struct replay *replay);

/* Writes all stacks that were read, resolved, as `frame` lines, behind one that tells why some are cut. Errors show in ferror(out). */
void replay_write_stacks(const struct replay *replay, FILE *out);

#endif
