/* SPDX-License-Identifier: Apache-2.0 */
/* formats.h - how a look is written. All that the target chose is escaped. */
#ifndef HUD_TASKS_FORMATS_H
#define HUD_TASKS_FORMATS_H

#include <stdio.h>

struct look;
struct page;

/* For people: the runtimes, and tasks in groups. */
void tasks_text(struct page *page, const struct look *look);

/* One JSON document (hud-trace(8)). */
void tasks_json(FILE *out, const struct look *look);

#endif
