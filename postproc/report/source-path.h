/* SPDX-License-Identifier: Apache-2.0 */
/* source-path.h - where code is, in few words: shortened source paths, and the crate of a function. */
#ifndef HUD_REPORT_SOURCE_PATH_H
#define HUD_REPORT_SOURCE_PATH_H

#include "tally/model.h"

/* The directory of all of the user's own sources in `model`, with a final '/': place_text() leaves it out.
 * NULL if there is none (relative paths, no sources). The caller frees it. */
char *place_root(const struct model *model);

/* "src/handlers.rs:42": `file` below `root` (may be NULL); registry and toolchain paths begin with the
 * crate's directory; others stay whole. "" if `file` is NULL, or a source of the C library, which tells
 * nobody anything. Raw text; the caller frees it. */
char *place_text(const char *root, const char *file, unsigned line);

/* The first word of a frame's path: "tokio"; "std" for the whole standard library. Without a path, the
 * module's file name up to its first dot: "libc". Raw text; the caller frees it. */
char *place_crate(const struct frame *frame);

/* What to call a frame: its short name, or module and offset: "my-app+0x1f20". `whole`: the whole name. Raw
 * text; the caller frees it. */
char *place_name(const struct frame *frame, bool whole);

#endif
