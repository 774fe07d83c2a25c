/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - tells the user what takes time, when reading symbols takes longer than a second. */
#ifndef HUD_BASE_PROGRESS_H
#define HUD_BASE_PROGRESS_H

/* Turns these messages on, on standard error; before, there are none. Uses SIGALRM. */
void progress_enable(void);

/* A step begins. If it has not ended after a second, "WHAT PATH (SIZE)..." is printed. WHAT is plain text,
 * the path is escaped; the size is the file's, and left out if it is not known. A step inside another one
 * belongs to that. */
void progress_begin(const char *what, const char *path);
void progress_end(void);

#endif
