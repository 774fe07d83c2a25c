/* SPDX-License-Identifier: Apache-2.0 */
/* formats.h - how a look is written. All that the target chose is escaped. */
#ifndef HUD_TASKS_FORMATS_H
#define HUD_TASKS_FORMATS_H

#include <stdbool.h>
#include <stdio.h>

struct look;
struct page;
struct watch;

/* For people: the runtimes, and tasks in groups; with `tree`, the await chains instead of groups. `watch`: compares with
 * the look before; NULL: does not. */
void tasks_text(struct page *page, const struct look *look, bool tree, const struct watch *watch);

/* The await chains as folded stacks, for flame graphs of what tasks wait for: "FUTURE;AWAIT;..;LEAF COUNT". */
void tasks_folded(FILE *out, const struct look *look);

/* Which task waits for which lock or task, and who may hold the locks, as a graph for Graphviz. */
void tasks_dot(FILE *out, const struct look *look);

/* One JSON document (hud-trace(8)). */
void tasks_json(FILE *out, const struct look *look);

/* A look as lines of a stream (probes/README.md): `look`, `stands`, `behind`. Each has less than PIPE_BUF bytes. */
void tasks_events(FILE *out, const struct look *look);

#endif
