/* replay.h - an event-line stream from its first line to its last, live or recorded, into the model of what happened. */
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
	long pid; /* the process, if it is still there to read files through; 0 = a recording */
	struct targets targets;
	/* Gives up the rights of the process that resolves; NULL: this one resolves (resolve/resolver.h). */
	int (*confine)(void);
	bool debuginfod;    /* ask debuginfod's servers for what debug info is missing */
	bool all_stacks;    /* replay_write_stacks() will be called */
	enum detail detail; /* of the model */
	int begun;	    /* begun_tell(), of a stream while it is traced; 0: nobody waits for that */
	uint64_t window;    /* ns: only the last so many count; 0 = all */
};

struct replay;

/* Exits the program when out of memory. `options` is copied. */
struct replay *replay_new(const struct replay_options *options);
void replay_free(struct replay *replay);

/* A stream is pushed in: replay_begin(), replay_feed() with its bytes as they come, replay_end(). */

/* *model is filled, and points into `replay`. From now on it has the target, the sums of events, start, and as end the latest time seen. */
void replay_begin(struct replay *replay, struct model *model);

/* The next bytes, however they are cut. Returns 0; or -1 with errno EPROTONOSUPPORT: the stream is of a later version. */
int replay_feed(struct replay *replay, const char *bytes, size_t size);

/* Nothing more comes: completes the model. Returns 0; or -1 with errno EINVAL if it was no event-line stream. */
int replay_end(struct replay *replay);

/* All of this with what `in` reads to its end. Returns 0; or -1 with errno set when reading failed, or as the others do. *model holds what
 * came until then. */
int replay_read(struct replay *replay, FILE *in, struct model *model);

/* Words for the errno that these set. */
const char *replay_error(int error);

/* Between replay_begin() and replay_end(): */

/* From now on keeps the newest `count` blocks, for replay_blocks() (tally/recent.h). */
void replay_keep_blocks(struct replay *replay, uint64_t count);
const struct recent *replay_blocks(const struct replay *replay);

/* Calls `visit` for each worker so far. */
void replay_workers(const struct replay *replay, tally_visitor *visit, void *context);

/* Calls `visit` for each poll that still lasts. */
void replay_running(const struct replay *replay, polls_visitor *visit, void *context);

/* Nothing has come for a while, and the target's clock shows `ns`: judges what was held back in case that something earlier
 * comes. */
void replay_advance(struct replay *replay, uint64_t ns);

/* All that replay_end() would fill *model with if the stream ended here, but for polls that still last. Good until more is fed. */
void replay_so_far(struct replay *replay, struct model *model);

/* Writes all stacks that were read, resolved, as `frame` lines. Errors show in ferror(out). */
void replay_write_stacks(const struct replay *replay, FILE *out);

#endif
