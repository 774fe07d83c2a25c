/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-formats.h - checks everything that can be written, with readers of their own. */
#ifndef HUD_FUZZ_FORMATS_H
#define HUD_FUZZ_FORMATS_H

struct diff;
struct model;

/* Writes the model in all formats. Ends the program if a reader could not parse the output, or if it could
 * control a terminal. */
void check_formats(const struct model *model);
void check_diff(const struct diff *diff);

#endif
