/* SPDX-License-Identifier: Apache-2.0 */
/* player.h - plays a recording: returns each line when its time has come. */
#ifndef HUD_LIVE_PLAYER_H
#define HUD_LIVE_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct live_player;

/* Plays what `in` reads; the player then owns `in`. Exits the program when out of memory. */
struct live_player *live_player_new(FILE *in);
void live_player_free(struct live_player *p);

/* The time of the next line, at which live_player_take() has stopped; 0 if it is not known. */
uint64_t live_player_next(const struct live_player *p);

/* Fills at most `size` bytes with the lines up to time `until`. Returns the number of bytes; 0 if the next
 * line is later, or at the end, for which *end is set; -1 with errno set if reading failed. */
ssize_t live_player_take(struct live_player *p, char *to, size_t size, uint64_t until, bool *end);

#endif
