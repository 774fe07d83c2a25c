/* SPDX-License-Identifier: Apache-2.0 */
/* save.h - saves the report so far, its chart, and call chains to files. */
#ifndef HUD_LIVE_SAVE_H
#define HUD_LIVE_SAVE_H

#include "live/state/state.h"

/* live_offer_files() announces the files that may be written; call it before sandbox_begin(). live_picture()
 * is a file name with the chart's ending. */
void live_offer_files(void);
const char *live_picture(void);

/* Writes the report and the chart so far, as the calling user, into the working directory. No file is
 * replaced. */
void live_save(struct live_view *view);

/* Does the same for the selected row: its call chain with all frames, and the rest of its details. */
void live_save_chain(struct live_view *view);

#endif
