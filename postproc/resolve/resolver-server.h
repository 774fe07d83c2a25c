/* resolver-server.h - the process behind resolver.h, and what the two say to each other. Both are the same program. */
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

#define MORE_LIMIT (1u << 20)	/* bytes that follow a question: 4,096 chunks of a stack are half of that */
#define ANSWER_LIMIT (8u << 20) /* bytes of an answer */
#define FRAMES_LIMIT DEBUGINFO_CHAIN /* of one address */
#define LACKINGS_KEPT 256	     /* modules that lack something */
#define NO_TEXT "\1"		     /* stands for NULL */

enum { ASK_MAP, ASK_CHAIN, ASK_WALKED, ASK_FRAMES, ASK_START };

struct question {
	uint32_t kind, executable;
	union {
		uint64_t map[3]; /* start, end, offset; path and build id follow */
		uint64_t stack
			[4 +
			 2 * STACK_PARTS]; /* ip, sp, bp, lr, and each part's start and words; the words follow */
	};
	/* Of ASK_WALKED and ASK_FRAMES addresses follow, of ASK_START one. */
	uint64_t more; /* bytes that follow */
};

/* What an answer begins with: of a chain, plain_chain and its addresses; of a start, plain_start; of frames, plain_answered, and for so many of the first
 * addresses plain_frames, each with a plain_frame and six texts for every frame; then two texts for each module whose problem has
 * changed. Texts end with a 0. */
struct answer_head {
	uint64_t size; /* of what follows */
};

struct plain_chain {
	uint32_t count;
	uint8_t cut, too_few, elsewhere;
};

struct plain_answered {
	uint64_t count; /* of addresses: at least one, and as many as there is room for */
};

struct plain_frames {
	uint32_t count;
	uint8_t start, start_known; /* known of the last address that was asked for, where a stack may end */
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
	pid_t parent; /* who asks */
	int socket;
	volatile uint64_t *touched;
	int (*confine)(void);
	struct space *space;
	struct symbolizer *symbolizer;
	struct unwinder *unwinder;
	struct tailcalls *tailcalls;
};

/* Answers until nobody asks any more; then the process ends. */
_Noreturn void resolver_serve(const struct resolver_server *work);

#endif
