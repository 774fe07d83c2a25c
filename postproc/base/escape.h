/* escape.h - makes text of strangers (thread names, symbols, paths) fit to be shown, and fit into columns.
 *
 * All results are strings of the caller's, to be freed; out of memory exits the program. Widths are columns of a
 * terminal; main has called setlocale(), which wcwidth() goes by.
 */
#ifndef HUD_BASE_ESCAPE_H
#define HUD_BASE_ESCAPE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* For a terminal: what could move the cursor, change colours or the direction of writing, or has no width of its own
 * (control bytes, ESC, C1, bidi and zero-width characters, invalid UTF-8) comes out as \xNN, byte by byte. Without
 * `utf8` everything but printable ASCII does. NULL gives "". */
char *escape_terminal(const char *raw, bool utf8);

/* For a JSON string, of which the JSON library quotes the rest: valid UTF-8. What is not comes out as \xNN, byte by byte, and
 * so does what would be obeyed instead of shown where the document is looked at (DEL, C1, bidi and zero-width characters), and
 * a backslash before what looks like such a byte: so the bytes can be had back. It does not depend on the locale. */
char *escape_json(const char *raw);

/* For a gnuplot data block: a double-quoted column. Quotes, backquotes and backslashes become harmless look-alikes and
 * unprintable ones '?', since gnuplot versions differ in what they read after a backslash. NULL gives "\"\"". */
char *escape_gnuplot(const char *raw);

/* For a file that programs read: valid UTF-8 in any locale. Control bytes, what changes the direction of writing or is not
 * seen, and bytes that are no UTF-8 come out as \xNN. NULL gives "". */
char *escape_utf8(const char *raw);

/* For a table in GitHub-flavoured Markdown: a code span, in which nothing is markup, a mention or a link; one line, and no
 * end of the cell in it. "" and NULL give "". */
char *escape_markdown(const char *raw);

/* Columns that `text` takes; what has no width counts as one. */
size_t text_width(const char *text);

/* `text`, which is safe already, in at most `columns` columns: the middle gives way to "…" ("..." without `utf8`), at a
 * "::" if one is near, so that a path's crate and its last name stay. */
char *text_shorten(const char *text, size_t columns, bool utf8);

/* The same for a source path: the beginning gives way, at a "/" if one is near; the file and line stay. */
char *text_shorten_path(const char *text, size_t columns, bool utf8);

/* printf into a new string. (libiberty's xasprintf does not know %zu.) */
__attribute__((format(printf, 1, 2))) char *text_format(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *text_vformat(const char *format, va_list args);

#endif
