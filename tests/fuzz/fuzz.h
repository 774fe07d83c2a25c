/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz.h - what the fuzzers share. Each takes any bytes, and ends the program when the tool makes something
 * wrong of them. */
#ifndef HUD_FUZZ_H
#define HUD_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Event lines, read as a stream: parsed, combined, judged, summed up; and written again with resolved
 * stacks. */
void fuzz_stream(const uint8_t *data, size_t size);

/* The same; then writes the model in all formats, and checks each with a reader of its own. */
void fuzz_formats(const uint8_t *data, size_t size);

/* Two streams with a line "--" between them, compared. */
void fuzz_diff(const uint8_t *data, size_t size);

/* A recording as stored on disk, perhaps compressed. */
void fuzz_unpack(const uint8_t *data, size_t size);

/* An ELF file that the target has mapped: symbols, DWARF, call frame information, panic locations, Tokio's
 * layout. */
void fuzz_elf(const uint8_t *data, size_t size);

/* Call frame instructions and a stack, with an ELF file made around them. */
void fuzz_unwind(const uint8_t *data, size_t size);

/* Lines of /proc/PID/maps, into an address space. */
void fuzz_maps(const uint8_t *data, size_t size);

/* A stream, shown in the live view while it comes; after a line "--", the keys pressed meanwhile. */
void fuzz_live(const uint8_t *data, size_t size);

/* A stream, recorded and read back. */
void fuzz_record(const uint8_t *data, size_t size);

/* The answers of the resolver process, each after two bytes with its length. */
void fuzz_answers(const uint8_t *data, size_t size);

/* A symbol. */
void fuzz_names(const uint8_t *data, size_t size);

/* Ends the program with a message about `what` unless the text is fit for a terminal: valid UTF-8, or ASCII
 * if `ascii` is set, with only visible characters and line feeds. */
void check_text(const char *what, const char *text, size_t size, int ascii);

/* Prints "WHAT: WHY", with the text in question, and ends the program. */
_Noreturn void check_failed(const char *what, const char *why, const char *text, size_t size);

/* The bytes as a file. */
FILE *open_bytes(const uint8_t *data, size_t size);

#endif
