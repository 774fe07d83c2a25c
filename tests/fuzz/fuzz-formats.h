/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz-formats.h - all that is written, looked at with readers that are not the tool's own. */
#ifndef HUD_FUZZ_FORMATS_H
#define HUD_FUZZ_FORMATS_H

struct diff;
struct model;

/* Writes what the model can be written as. What a reader would stumble over, or a terminal obey, ends the program. */
void check_formats(const struct model *model);
void check_diff(const struct diff *diff);

#endif
