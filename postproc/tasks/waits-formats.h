/* SPDX-License-Identifier: Apache-2.0 */
/* waits-formats.h - who waits for whom, as text, and as a graph (tasks_dot() in formats.h). */
#ifndef HUD_TASKS_WAITS_FORMATS_H
#define HUD_TASKS_WAITS_FORMATS_H

struct look;
struct page;

/* What looks wrong: cycles, locks granted to futures that nobody polls; and the locks with the most waiters. */
void waits_text(struct page *page, const struct look *look);

struct json;

/* The same as members of a JSON object: "deadlocks", "futurelocks", "not_polled". */
void waits_json(struct json *json, const struct look *look);

#endif
