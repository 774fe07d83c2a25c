#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Types at a shell with job control, in a terminal of its own: terminal.py COMMAND [AWAIT TYPE]...

The shell runs COMMAND. Each AWAIT is a regular expression that is waited for, in what has come since the one before, or file:NAME,
which is to be there; then TYPE is typed (Python escapes: \\x1a is Ctrl-Z), or the terminal goes away (HANGUP). All that came is printed at the end.
"""
import os
import pty
import re
import select
import sys
import time

command, steps = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1="", TERM="dumb")
    os.execv("/bin/bash", ["bash", "--norc", "--noprofile", "-i"])
os.write(terminal, command.encode() + b"\n")
seen, at, failed = b"", 0, None


def come(pattern):
    """What was waited for, as a match; in one of nothing where it is a file."""
    if pattern.startswith("file:"):
        return re.match(b"", b"") if os.path.exists(pattern[5:]) else None
    return re.search(pattern.encode(), seen[at:])


for pattern, keys in zip(steps[::2], steps[1::2]):
    end = time.monotonic() + 30
    while not (match := come(pattern)):
        ready, _, _ = select.select([terminal], [], [], 0.2)
        try:
            more = os.read(terminal, 65536) if ready else None
        except OSError:
            more = b""
        if more:
            seen += more
        elif more == b"" or time.monotonic() > end:
            failed = pattern
            break
    if failed:
        break
    at += match.end()
    if keys == "HANGUP":
        break
    os.write(terminal, keys.encode().decode("unicode_escape").encode())
os.close(terminal)
os.waitpid(pid, 0)
print(seen.decode(errors="replace"))
sys.exit(f"{failed}: did not come" if failed else 0)
