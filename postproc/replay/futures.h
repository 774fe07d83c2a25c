/* futures.h - which future is polled where: of `site` lines. */
#ifndef HUD_REPLAY_FUTURES_H
#define HUD_REPLAY_FUTURES_H

#include <stdint.h>

#define BLOCK_ON_SITE 1 /* of pollentry.bt: the future of a current-thread runtime's block_on */

struct futures;

/* Exits the program when out of memory. */
struct futures *futures_new(void);
void futures_free(struct futures *futures);

/* Polls of this future (raw, copied) begin at `site`. Without a site or a name it is left out, and so are those beyond 4096. */
void futures_add(struct futures *futures, uint64_t site, const char *name);

/* The future whose polls begin at `site`: its name, or NULL. */
const char *futures_at(const struct futures *futures, uint64_t site);

#endif
