/* SPDX-License-Identifier: Apache-2.0 */
/* tell-begun.h - reports to hud-trace, through a pipe, that tracing has begun. */
#ifndef HUD_STREAM_TELL_BEGUN_H
#define HUD_STREAM_TELL_BEGUN_H

/* Writes a line to *fd, closes it, and sets it to 0. Does nothing if it is 0. */
void begun_tell(int *fd);

#endif
