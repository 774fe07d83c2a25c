/* SPDX-License-Identifier: Apache-2.0 */
/* otlp.h - a profile as OpenTelemetry's protocol sends it. */
#ifndef HUD_FORMAT_OTLP_H
#define HUD_FORMAT_OTLP_H

#include <stddef.h>
#include <stdio.h>

#include "tally/model.h"

/* What the profile is of. Valid UTF-8. */
struct otlp_attribute {
	const char *key, *value;
};

/* Writes the body of a request (otlp.proto). The model has shares. Returns 0, or -1 with errno set. */
int otlp_write(FILE *out, const struct model *model, const struct otlp_attribute *attribute,
	       size_t attributes);

#endif
