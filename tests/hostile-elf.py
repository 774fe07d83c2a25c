#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes an ELF file that a linker would not: hostile-elf.py KIND FILE. Without arguments it lists the kinds.

Each is small, and asks whoever reads it for far more time or memory than its size is worth, or leads them astray. All have a
function `victim` at 0x1000, of 0x1000 bytes.
"""
import lzma
import struct
import sys
import zlib

CODE, SIZE = 0x1000, 0x1000


def uleb(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


class File:
    """Sections one behind the other, after a code segment that begins with the file."""

    def __init__(self):
        self.segments = [(1, 5, 0, 0, CODE + SIZE)]  # type, flags, offset, address, size
        self.sections = []  # name, type, flags, address, bytes, link, info, entry size, header's changes
        self.symbols = [("victim", CODE, SIZE)]
        self.strings, self.strings_flags = None, 0  # instead of the symbols' names
        self.at = CODE + SIZE

    def add(self, name, data, kind=1, flags=0, address=None, link=0, info=0, entry=0, **changes):
        self.at = (self.at + 15) & ~15
        self.sections.append((name, kind, flags, self.at if address is None else address, data, link, info, entry,
                              self.at, changes))
        self.at += len(data)
        return self.sections[-1][8]

    def write(self, path):
        table, names = [struct.pack("<IBBHQQ", 0, 0, 0, 0, 0, 0)], b"\0"
        for name, value, size in self.symbols:
            table.append(struct.pack("<IBBHQQ", len(names) if isinstance(name, str) else name, 0x12, 0, 1, value, size))
            if isinstance(name, str):
                names += name.encode() + b"\0"
        first = [(".text", 1, 6, CODE, b"", 0, 0, 0, CODE, {"size": SIZE})]
        index = len(self.sections) + 2
        self.add(".symtab", b"".join(table), kind=2, address=0, link=index + 1, info=1, entry=24)
        self.add(".strtab", names if self.strings is None else self.strings, kind=3, flags=self.strings_flags, address=0)
        shstrtab, offsets = b"\0", []
        sections = first + self.sections
        for section in sections:
            offsets.append(len(shstrtab))
            shstrtab += section[0].encode() + b"\0"
        offsets.append(len(shstrtab))
        self.add(".shstrtab", shstrtab + b".shstrtab\0", kind=3, address=0)
        sections = first + self.sections
        headers = (self.at + 15) & ~15
        with open(path, "wb") as out:
            out.write(struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 3, 62, 1, CODE, 64, headers, 0, 64, 56,
                                  len(self.segments), 64, len(sections) + 1, len(sections)))
            for kind, flags, offset, address, size in self.segments:
                out.write(struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, size, size, 0x1000))
            out.seek(CODE)
            out.write(b"\x90" * SIZE)
            for section in self.sections:
                out.seek(section[8])
                out.write(section[4])
            out.seek(headers)
            out.write(bytes(64))
            for name, (_, kind, flags, address, data, link, info, entry, offset, changes) in zip(offsets, sections):
                out.write(struct.pack("<IIQQQQIIQQ", name, kind, flags, address, changes.get("offset", offset),
                                      changes.get("size", len(data)), link, info, 1, entry))


# --- DWARF 4: units of one abbreviation table ---

ABBREVIATIONS = (
    b"\x01\x11\x01\x03\x08\x11\x01\x12\x07\x10\x17\0\0"  # unit: name, low, high, lines
    b"\x02\x2e\x01\x03\x08\x11\x01\x12\x07\x31\x13\x47\x13\0\0"  # function: name, low, high, origin, specification
    b"\x03\x1d\x01\x31\x13\x11\x01\x12\x07\x01\x13\0\0"  # inlined: origin, low, high, sibling
    b"\x04\x11\x01\x03\x08\x55\x17\0\0"  # unit: name, ranges
    b"\x05\x2e\0\x03\x08\x55\x17\0\0"  # function: name, ranges
    b"\x06\x39\x01\x03\x08\0\0"  # namespace: name
    b"\x07\x2e\0\x03\x08\x11\x01\x12\x07\0\0"  # function: name, low, high
    b"\0")


def unit(entries):
    body = struct.pack("<HIB", 4, 0, 8) + entries
    return struct.pack("<I", len(body)) + body


def span(size=SIZE):
    return struct.pack("<QQ", CODE, size)


def with_dwarf(info, **more):
    file = File()
    file.add(".debug_abbrev", ABBREVIATIONS, address=0)
    file.add(".debug_info", info, address=0)
    for name, data in more.items():
        file.add("." + name, data, address=0)
    return file


def compile_unit(entries):
    return unit(b"\x01unit\0" + span() + struct.pack("<I", 0) + entries + b"\0")


# --- call frame information ---

def with_frames(program):
    """One function's, found through .eh_frame_hdr (LSB 5.0, 10.6.2)."""
    file = File()
    cie = struct.pack("<IIB3sBBBBB", 0, 0, 1, b"zR\0", 1, 0x78, 16, 1, 0x1b) + b"\x0c\x07\x08\x90\x01\0\0"
    cie = struct.pack("<I", len(cie) - 4) + cie[4:]
    header = file.at = (file.at + 15) & ~15
    frames = header + 32
    begin = frames + len(cie)
    fde = struct.pack("<IIiIB", 13 + len(program), begin + 4 - frames, CODE - (begin + 8), SIZE, 0) + program
    data = cie + fde + bytes(4)
    file.add(".eh_frame_hdr", struct.pack("<BBBBiIii", 1, 0x1b, 3, 0x3b, frames - (header + 4), 1, CODE - header, begin - header)
             + bytes(12))
    file.add(".eh_frame", data)
    file.segments.append((1, 4, header, header, 32 + len(data)))
    file.segments.append((0x6474e550, 4, header, header, 20))
    return file


# --- the kinds ---

def compressed():
    """What zlib made of 64 MiB, and 8 MiB that say nothing: libelf believes that they come to a thousand times as much."""
    data = zlib.compress(bytes(64 << 20), 9) + bytes(8 << 20)
    return struct.pack("<IIQQ", 1, 0, 1000 * len(data), 1), data


def bomb():
    """A section that says that it is 8 GB when decompressed."""
    file = File()
    file.add(".debug_abbrev", ABBREVIATIONS, address=0)
    file.add(".debug_info", b"".join(compressed()), flags=0x800, address=0)
    return file


def bomb_names():
    """The same of the names of its symbols."""
    file = File()
    file.strings, file.strings_flags = b"".join(compressed()), 0x800
    return file


def bomb_old():
    """The same as GNU's tools wrote it before."""
    data = compressed()[1]
    file = File()
    file.add(".debug_abbrev", ABBREVIATIONS, address=0)
    file.add(".zdebug_info", b"ZLIB" + struct.pack(">Q", 1000 * len(data)) + data, address=0)
    return file


def bomb_lzma():
    """Symbols in .gnu_debugdata, of 512 MiB."""
    file = File()
    file.add(".gnu_debugdata", lzma.compress(bytes(512 << 20), preset=0), address=0)
    return file


def wild():
    """Sections, segments and tables far outside of the file."""
    file = with_dwarf(compile_unit(b"\x07victim\0" + span()))
    file.add(".debug_line", b"\xff" * 64, address=0, offset=1 << 60)
    file.add(".debug_str", b"x", address=0, size=1 << 62)
    file.add(".debug_ranges", b"x" * 16, address=0, offset=(1 << 64) - 8)
    file.add(".note.gnu.build-id", struct.pack("<III4s", 4, 1 << 31, 3, b"GNU\0"), kind=7)
    file.segments += [(1, 4, 1 << 60, 1 << 40, 1 << 50), (4, 4, (1 << 64) - 4, 0, 64), (2, 4, 1 << 33, 1 << 33, 1 << 33),
                      (0x6474e550, 4, (1 << 64) - 64, (1 << 64) - 64, 1 << 40)]
    return file


def notes():
    """A thousand notes, each the whole file."""
    file = File()
    file.add(".note", struct.pack("<III", 4, 4, 9) * (1 << 20), kind=7)
    file.segments += [(4, 4, 1 + 2 * i, 0, (12 << 20) - 4 * i) for i in range(1000)]
    return file


def long_name():
    """A symbol of 100 kB, and a function of that name in debug info."""
    name = "_RNvC" + "5tokio" + "x" * 100000
    file = with_dwarf(compile_unit(b"\x07" + name.encode() + b"\0" + span()))
    file.symbols = [(name, CODE, SIZE)]
    return file


def overlapping_names():
    """300,000 symbols at one address, each with a name of 60 kB: they share one string."""
    file = File()
    file.strings = b"\0" + b"_" * (1 << 20) + b"\0"
    file.symbols = [((1 << 20) - 60000 + i % 1000, CODE, SIZE) for i in range(300000)]
    return file


def exponential_name():
    """A symbol whose back references double its length thirty times."""
    parts, at = "_RINvC1a1f", 8
    types = "T" + "h" * 2 + "E"
    for _ in range(30):
        def base62(n):
            digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            if n == 0:
                return "_"
            text, n = "", n - 1
            while True:
                text, n = digits[n % 62] + text, n // 62
                if not n:
                    return text + "_"
        here = len(parts) - 2
        parts += types
        types = "T" + ("B" + base62(here)) * 2 + "E"
    file = File()
    file.symbols = [(parts + types + "E", CODE, SIZE)]
    return file


def reference_loop():
    """A function whose origin is itself, and an inlined one in it whose sibling is itself."""
    head = 11 + len(b"\x01unit\0") + 20
    function = b"\x02f\0" + span() + struct.pack("<II", head, head)
    here = head + len(function)
    inlined = b"\x03" + struct.pack("<I", here) + span() + struct.pack("<I", here)
    return with_dwarf(compile_unit(function + inlined * 3 + b"\0" * 4))


def deep():
    """100,000 inlined functions, each in the one before, and as many namespaces."""
    head = 11 + len(b"\x01unit\0") + 20
    inlined = b"\x03" + struct.pack("<I", head) + span() + struct.pack("<I", 0x7fffffff)
    return with_dwarf(compile_unit(b"\x02f\0" + span() + struct.pack("<II", head, head) + inlined * 100000 + bytes(100001)
                                   + b"\x06n\0" * 100000))


def shared_ranges():
    """20,000 functions in each of 4 units, all of one list of 50,000 ranges."""
    ranges = b"".join(struct.pack("<QQ", CODE + i % 4000, CODE + i % 4000 + 1) for i in range(50000)) + bytes(16)
    functions = b"\x05f\0" + struct.pack("<I", 0)
    info = unit(b"\x04unit\0" + struct.pack("<I", 0) + functions * 20000 + b"\0")
    return with_dwarf(info * 4, debug_ranges=ranges)


def cfi_registers():
    """Frames of 20 million registers, remembered 200 times."""
    return with_frames(b"\x05" + uleb(20_000_000) + b"\x01" + b"\x0a" * 200)


def cfi_long():
    """A program of 8 million instructions, all of which come before the address."""
    return with_frames(b"\x0a\x0b" * 4_000_000)


def cfi_loop():
    """Each frame is its own caller."""
    return with_frames(b"\x0c\x07\x00" + b"\x16\x10\x02\x77\x00")


KINDS = {f.__name__.replace("_", "-"): f for f in (
    bomb, bomb_names, bomb_old, bomb_lzma, wild, notes, long_name, overlapping_names, exponential_name, reference_loop, deep,
    shared_ranges, cfi_registers, cfi_long, cfi_loop)}

if len(sys.argv) != 3:
    print("\n".join(KINDS))
else:
    KINDS[sys.argv[1]]().write(sys.argv[2])
