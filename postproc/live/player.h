/* player.h - a recording that comes as it came: each line when its time has come. */
#ifndef HUD_LIVE_PLAYER_H
#define HUD_LIVE_PLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct live_player;

/* Plays what `in` reads, which becomes the player's. Exits the program when out of memory. */
struct live_player *live_player_new(FILE *in);
void live_player_free(struct live_player *p);

/* The time of the line that comes next, which live_player_take() has stopped at; 0 if that is not known. */
uint64_t live_player_next(const struct live_player *p);

/* Fills at most `size` bytes with lines up to time `until`. Returns how many; 0: none, the next is later, or the end, which *end
 * tells; -1 with errno set when reading failed. */
ssize_t live_player_take(struct live_player *p, char *to, size_t size, uint64_t until, bool *end);

#endif
