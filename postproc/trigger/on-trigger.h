/* SPDX-License-Identifier: Apache-2.0 */
/* on-trigger.h - --on-trigger: runs the user's command for each recording that a trigger has made. */
#ifndef HUD_TRIGGER_ON_TRIGGER_H
#define HUD_TRIGGER_ON_TRIGGER_H

/* Starts the process that will run `command` with the rights of the user who called, and without a shell. It only has the argument
 * STEM-N.ENDING: all that this process can choose later is N. Call it before rights are given up. Returns 0, or -1 after
 * a message. The strings must stay valid. */
int on_trigger_start(const char *command, const char *stem, const char *ending);

/* Has it run for the file with this number, and does not wait for its end. A command that fails is said. Does nothing without
 * on_trigger_start(). */
void on_trigger_run(unsigned number);

void on_trigger_end(void);

#endif
