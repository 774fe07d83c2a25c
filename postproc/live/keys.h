/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h - the keys, and how they change the state of the live view. */
#ifndef HUD_LIVE_KEYS_H
#define HUD_LIVE_KEYS_H

#include "live/state/state.h"

/* Handles one key code of ncurses. */
void live_key(struct live_view *view, int key);

#endif
