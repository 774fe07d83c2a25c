/* SPDX-License-Identifier: Apache-2.0 */
/* futures.h - which future is polled at which site, by `site` lines. */
#ifndef HUD_REPLAY_FUTURES_H
#define HUD_REPLAY_FUTURES_H

#include <stdint.h>

#define BLOCK_ON_SITE 1 /* for pollentry.bt: the future of a current-thread runtime's block_on */

struct futures;

/* Exits the program when out of memory. */
struct futures *futures_new(void);
void futures_free(struct futures *futures);

/* Polls of this future (raw name, copied) begin at `site`. Ignored without a site or name, and beyond
 * 4096. */
void futures_add(struct futures *futures, uint64_t site, const char *name);

/* The name of the future whose polls begin at `site`, or NULL. */
const char *futures_at(const struct futures *futures, uint64_t site);

#endif
