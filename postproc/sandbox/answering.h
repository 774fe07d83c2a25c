/* answering.h - file systems that do not answer: one costs one thread, not all.
 *
 * A thread that asks one waits in the kernel until it answers, perhaps for ever. So what is about to be asked is noted, and while a thread hangs
 * in one, no other asks that.
 */
#ifndef HUD_SANDBOX_ANSWERING_H
#define HUD_SANDBOX_ANSWERING_H

/* Notes that this thread is about to ask the file system of the file `fd`. Returns what answering_end() takes, or -1 with errno
 * ETIMEDOUT: another thread hangs there, or eight ask other ones. */
int answering_begin(int fd);

/* It has answered. Leaves errno alone. */
void answering_end(int noted);

#endif
