/* progress.h - a word to whoever waits, when reading symbols takes longer than a second. */
#ifndef HUD_BASE_PROGRESS_H
#define HUD_BASE_PROGRESS_H

/* From now on it is said on standard error. Takes SIGALRM. Never said otherwise. */
void progress_enable(void);

/* A step begins: a second later "WHAT PATH (SIZE)..." is printed, unless it has ended. WHAT is plain text; the path is
 * escaped, its size the file's, left out where it cannot be told. A step within a step is part of the outer one. */
void progress_begin(const char *what, const char *path);
void progress_end(void);

#endif
