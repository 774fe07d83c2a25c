/* SPDX-License-Identifier: Apache-2.0 */
/* units.h - numbers as people read them: durations, shares, counts. */
#ifndef HUD_BASE_UNITS_H
#define HUD_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#define UNIT_SIZE 32 /* bytes: enough for any of these texts */

/* `ns` nanoseconds to three digits: "640 ns", "25.1 ms", "1.93 s", "2.78 h". At most 7 columns below 100 hours.
 * Writes into `text` (UNIT_SIZE bytes) and returns it. */
char *unit_duration(char *text, uint64_t ns);

/* The same for a setting, which is a round number: "5 ms" instead of "5.00 ms". */
char *unit_setting(char *text, uint64_t ns);

/* `part` of `whole` in percent: "12.4%"; "<0.1%" if it is little but not 0; "-" if whole is 0. */
char *unit_share(char *text, uint64_t part, uint64_t whole);

/* `n` in groups of three digits: "12,034"; from ten million up "12.3 M". */
char *unit_count(char *text, uint64_t n);

/* The length in ns of the unit that these `length` bytes name: ns, us, ms, s, m, h. 0 for any other text. */
double unit_ns(const char *name, size_t length);

#endif
