/* write.h - the report so far and its chart, as files. */
#ifndef HUD_LIVE_WRITE_H
#define HUD_LIVE_WRITE_H

#include "live/state/state.h"

/* Names the files that may be written, before sandbox_begin(); and one that ends as the chart does. */
void live_offer_files(void);
const char *live_picture(void);

/* Writes what there is so far to files, as who called, in the working directory. None is replaced. */
void live_write(struct live_view *view);

/* The same of the selected row: its call chain, with all frames, and what the details show besides. */
void live_write_chain(struct live_view *view);

#endif
