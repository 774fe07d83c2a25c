/* SPDX-License-Identifier: Apache-2.0 */
/* answering.h - file systems that do not answer: each blocks one thread, not all.
 *
 * A thread that asks one waits in the kernel until it answers, perhaps forever. So each request is noted
 * first, and while a thread hangs in a file system, no other asks it.
 */
#ifndef HUD_SANDBOX_ANSWERING_H
#define HUD_SANDBOX_ANSWERING_H

/* Notes that this thread is about to ask the file system of the file `fd`. Returns a value for
 * answering_end(); or -1 with errno ETIMEDOUT if another thread hangs there, or eight are asking other file
 * systems. */
int answering_begin(int fd);

/* The file system has answered. Leaves errno unchanged. */
void answering_end(int noted);

#endif
