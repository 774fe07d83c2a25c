/* SPDX-License-Identifier: Apache-2.0 */
/* resolver-server.h - the process that answers the resolver's questions, and the protocol between the two.
 * Both are the same program. */
#ifndef HUD_RESOLVE_RESOLVER_SERVER_H
#define HUD_RESOLVE_RESOLVER_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resolve/symbolize/debuginfo.h"
#include "resolve/unwind/unwind.h"

struct space;
struct symbolizer;
struct tailcalls;
struct unwinder;

#define MORE_LIMIT (1u << 20)	     /* bytes behind a question: twice those of 4,096 chunks of a stack */
#define ANSWER_LIMIT (8u << 20)	     /* bytes of an answer */
#define FRAMES_LIMIT DEBUGINFO_CHAIN /* of one address */
#define LACKINGS_KEPT 256	     /* how many modules with problems are reported */
#define NO_TEXT "\1"		     /* stands for NULL */

enum { ASK_MAP, ASK_CHAIN, ASK_WALKED, ASK_FRAMES, ASK_START };

struct question {
	uint32_t kind, executable;
	union {
		uint64_t map[3]; /* start, end, offset; path and build id follow */
		uint64_t stack
			[4 + 2 * STACK_PARTS]; /* ip, sp, bp, lr, then start and words of each part; the words
					    * themselves follow */
	};
	/* For ASK_WALKED and ASK_FRAMES addresses follow, for ASK_START one. */
	uint64_t more; /* bytes that follow */
};

/* Begins an answer. For a chain, plain_chain and its addresses follow; for a start, plain_start; for frames,
 * plain_answered, then plain_frames for each address answered, each with a plain_frame and six texts per
 * frame. At the end, three texts for each module whose problem has changed. Texts end with a 0. */
struct answer_head {
	uint64_t size; /* of what follows */
};

struct plain_chain {
	uint32_t count;
	uint8_t cut, too_few, elsewhere;
};

struct plain_answered {
	uint64_t count; /* addresses: at least one, and as many as fit */
};

struct plain_frames {
	uint32_t count;
	uint8_t start, start_known; /* of the last address asked for: may a stack end there? */
};

struct plain_start {
	uint64_t start;
};

struct plain_frame {
	uint64_t offset;
	uint32_t line, declared;
	uint8_t origin, inlined, tail_call, found;
};

struct resolver_server {
	pid_t parent; /* the process that asks */
	int socket;
	volatile uint64_t *touched;
	int (*confine)(void);
	struct space *space;
	struct symbolizer *symbolizer;
	struct unwinder *unwinder;
	struct tailcalls *tailcalls;
};

/* Answers until the asker is gone, then ends the process. */
_Noreturn void resolver_serve(const struct resolver_server *work);

#endif
