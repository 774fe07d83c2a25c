/* SPDX-License-Identifier: Apache-2.0 */
/* standing.h - where all tasks of the process stood, at one or many looks at its memory. */
#ifndef HUD_TALLY_STANDING_H
#define HUD_TALLY_STANDING_H

#include "tally/model.h"

struct event;
struct standings;

/* Exits the program when out of memory. */
struct standings *standings_new(void);
void standings_free(struct standings *standings);

#define STANDING_KEPT 1000u /* groups, and as many futures in queues */

/* Adds a `look`, `stands` or `behind` line. Those of an earlier look are ignored. Of more than STANDING_KEPT groups, those of
 * the latest looks are kept. */
void standings_add(struct standings *standings, const struct event *event);

/* All that is known, NULL if there was no look. It belongs to `standings`, and changes with it. */
const struct standing *standings_all(const struct standings *standings);

/* The groups of which there were tasks at the last look or, if `ever`, at any: the largest first. The caller frees the
 * array. */
const struct standing_group **standing_sorted(const struct standing *standing, bool ever, size_t *count);

#endif
