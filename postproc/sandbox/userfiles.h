/* SPDX-License-Identifier: Apache-2.0 */
/* userfiles.h - the files that the command line names, read and written with the rights of the user who
 * called.
 *
 * Between userfiles_start() and userfiles_end() a helper opens them: only those that were named before. A
 * process that has given up its rights can ask it. Without the helper, they are opened here.
 */
#ifndef HUD_SANDBOX_USERFILES_H
#define HUD_SANDBOX_USERFILES_H

/* Names a file, before userfiles_start(). NULL and "-" are ignored. */
void userfiles_name(const char *path);

/* Allows new files called STEM-N.ENDING, before userfiles_start(). Both strings must stay valid. */
void userfiles_offer(const char *stem, const char *ending);

/* The same for files that nobody else may read. */
void userfiles_offer_private(const char *stem, const char *ending);

/* Starts the helper. Returns 0, or -1 after a message. */
int userfiles_start(void);
void userfiles_end(void);

/* Each of these returns a descriptor that the caller closes, or -1 with errno set. */

/* Opens a file for reading. */
int userfile_read(const char *path);

/* Creates a new file beside `path`. userfile_place() renames it to `path`, userfile_discard() removes it.
 * Files that outpath_special() opens are opened themselves. */
int userfile_create(const char *path);

/* Creates one of the offered files, `number` its N. Fails if the name exists, also as a link. */
int userfile_new(const char *stem, const char *ending, unsigned number);

/* Return 0, or -1 with errno set. */
int userfile_place(const char *path);
int userfile_discard(const char *path);

/* strerror(3) for these functions' errno. Says whose rights were missing where that may surprise: in a root
 * shell opened by sudo. */
const char *userfiles_error(int error);

#endif
