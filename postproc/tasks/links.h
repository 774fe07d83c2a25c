/* SPDX-License-Identifier: Apache-2.0 */
/* links.h - checks tasks by the lists that their runtimes keep them in. */
#ifndef HUD_TASKS_LINKS_H
#define HUD_TASKS_LINKS_H

struct scan;

/* Marks as linked those tasks of this look whose neighbours in the list lead back to them, and whose runtime
 * is one. Tasks that are in no list, because they have ended or are jobs of a blocking pool, are marked,
 * too. */
void links_check(struct scan *scan);

#endif
