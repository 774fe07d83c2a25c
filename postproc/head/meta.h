/* SPDX-License-Identifier: Apache-2.0 */
/* meta.h - `meta` lines of a head. */
#ifndef HUD_HEAD_META_H
#define HUD_HEAD_META_H

#include <libiberty/libiberty.h>
#include <stdio.h>

/* Writes `meta KEY VALUE`, with the value escaped. */
void head_meta(FILE *out, const char *key, const char *value);
void head_metaf(FILE *out, const char *key, const char *format, ...) ATTRIBUTE_PRINTF(3, 4);

#endif
