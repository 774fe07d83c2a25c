/* SPDX-License-Identifier: Apache-2.0 */
/* escape.h - makes text of strangers (thread names, symbols, paths) safe to show, and shortens it to columns.
 *
 * All results are strings that the caller frees; without memory the program ends. Widths are columns of a
 * terminal. They depend on the locale: main calls setlocale() for wcwidth().
 */
#ifndef HUD_BASE_ESCAPE_H
#define HUD_BASE_ESCAPE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* For a terminal. Writes as \xNN, byte by byte, everything that could move the cursor, change colours or the
 * direction of writing, or has no width (control bytes, ESC, C1, bidi and zero-width characters, invalid
 * UTF-8); without `utf8`, everything but printable ASCII. NULL gives "". */
char *escape_terminal(const char *raw, bool utf8);

/* For a JSON string; the JSON library still quotes it. Returns valid UTF-8: invalid bytes, and characters
 * that a viewer would obey instead of show (DEL, C1, bidi and zero-width characters), become \xNN. A
 * backslash that already stands before xNN becomes \x5c, so the original bytes can be recovered. Does not
 * depend on the locale. */
char *escape_json(const char *raw);

/* For a gnuplot data block: a double-quoted column. Quotes, backquotes and backslashes become harmless
 * look-alikes, and unprintable characters '?', because gnuplot versions read backslashes differently. NULL
 * gives "\"\"". */
char *escape_gnuplot(const char *raw);

/* For a file that programs read: valid UTF-8 in any locale. Control bytes, invisible characters, changes of
 * direction, and invalid bytes become \xNN. NULL gives "". */
char *escape_utf8(const char *raw);

/* For a table in GitHub-flavoured Markdown: one line, as a code span, so that nothing in it is markup, a
 * mention, a link or the end of the cell. "" and NULL give "". */
char *escape_markdown(const char *raw);

/* How many columns `text` takes. A character without a width counts as one. */
size_t text_width(const char *text);

/* Shortens `text`, which is safe already, to `columns` columns: "…" ("..." without `utf8`) replaces the
 * middle, up to a "::" if one is near, so that a path keeps its crate and its last name. */
char *text_shorten(const char *text, size_t columns, bool utf8);

/* The same for a source path: "…" replaces the beginning, up to a "/" if one is near, so that it keeps its
 * file and line. */
char *text_shorten_path(const char *text, size_t columns, bool utf8);

/* printf into a new string. (libiberty's xasprintf does not know %zu.) */
__attribute__((format(printf, 1, 2))) char *text_format(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *text_vformat(const char *format, va_list args);

#endif
