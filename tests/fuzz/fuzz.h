/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what the fuzzers share. Each takes any bytes; what it finds wrong with what the tool makes of them ends the program. */
#ifndef HUD_FUZZ_H
#define HUD_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Event lines, read as a stream: parsed, put together, judged, added up; and written again with their stacks resolved. */
void fuzz_stream(const uint8_t *data, size_t size);

/* The same, and then everything that can be written of it, each looked at with a reader of its own. */
void fuzz_formats(const uint8_t *data, size_t size);

/* Two streams, one behind the other after a line "--", compared. */
void fuzz_diff(const uint8_t *data, size_t size);

/* A recording as it is on the disk, perhaps compressed. */
void fuzz_unpack(const uint8_t *data, size_t size);

/* An ELF file that the target has mapped: symbols, DWARF, call frame information, places of panics, Tokio's layout. */
void fuzz_elf(const uint8_t *data, size_t size);

/* Call frame instructions and a stack, with an ELF file made around them. */
void fuzz_unwind(const uint8_t *data, size_t size);

/* Lines of /proc/PID/maps, into an address space. */
void fuzz_maps(const uint8_t *data, size_t size);

/* A stream, in the live view while it comes; behind a line "--", keys that are pressed meanwhile. */
void fuzz_live(const uint8_t *data, size_t size);

/* A stream, recorded and read again. */
void fuzz_record(const uint8_t *data, size_t size);

/* The answers of the process that resolves, each behind two bytes that tell its length. */
void fuzz_answers(const uint8_t *data, size_t size);

/* A symbol. */
void fuzz_names(const uint8_t *data, size_t size);

/* Is it fit for a terminal: valid UTF-8, and nothing in it but visible characters and line feeds? Else it says that `what` is not,
 * and ends the program. In ASCII alone if `ascii`. */
void check_text(const char *what, const char *text, size_t size, int ascii);

/* Prints "WHAT: WHY", with the text in question, and ends the program. */
_Noreturn void check_failed(const char *what, const char *why, const char *text, size_t size);

/* The bytes as a file. */
FILE *open_bytes(const uint8_t *data, size_t size);

#endif
