/* SPDX-License-Identifier: Apache-2.0 */
/* probe-output.h - what the user's own scripts print: the lines of a stream that are of no known kind, if its head names such scripts. */
#ifndef HUD_REPLAY_PROBE_OUTPUT_H
#define HUD_REPLAY_PROBE_OUTPUT_H

#include <stdio.h>

#include "tally/model.h"

struct probe_output;

/* All lines are written to `file`, escaped, as they come; NULL: to none. Errors show in ferror(file). Exits the program when out of memory. */
struct probe_output *probe_output_new(FILE *file);
void probe_output_free(struct probe_output *output);

/* Another script, by the name that the user gave it. */
void probe_output_name(struct probe_output *output, const char *name);

/* Another line, without its end. */
void probe_output_add(struct probe_output *output, const char *line);

/* Fills in what of this is in the model, good until more is added. */
void probe_output_note(struct probe_output *output, struct model *model);

#endif
