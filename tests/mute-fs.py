#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A file system that stops answering, as an NFS server does that is gone: mute-fs.py FOLDER FILE

Mounts on FOLDER a file system (FUSE) with one file, "file", that has what FILE has, and prints "ready". Once its standard input ends, it
answers nothing any more: who waits for it cannot even be killed. It takes the mount away when it gets SIGTERM, and then all that waits fails.
"""
import ctypes
import os
import select
import signal
import stat
import struct
import sys

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 17, 18, 25, 26
OPENDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 27, 29, 36, 42
ROOT, FILE = 1, 2
ENOENT, ENOSYS = 2, 38
FOREVER = 1 << 30

libc = ctypes.CDLL(None, use_errno=True)
folder, source = sys.argv[1:]
with open(source, "rb") as whole:
    content = whole.read()


def attributes(node):
    size, mode = (len(content), stat.S_IFREG | 0o755) if node == FILE else (0, stat.S_IFDIR | 0o755)
    return struct.pack("=6Q10I", node, size, size // 512 + 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def answer(opcode, node, body):
    """What is asked for, an errno, or None where there is no answer."""
    if opcode == INIT:
        return struct.pack("=4I2H2I2HI7I", 7, 31, 65536, 0, 16, 12, 65536, 1, 0, 0, 0, *[0] * 7)
    if opcode == LOOKUP:
        if body != b"file\0":
            return ENOENT
        return struct.pack("=4Q2I", FILE, 0, FOREVER, FOREVER, 0, 0) + attributes(FILE)
    if opcode == GETATTR:
        return struct.pack("=Q2I", FOREVER, 0, 0) + attributes(node)
    if opcode in (OPEN, OPENDIR):
        return struct.pack("=Q2I", 0, 0, 0)
    if opcode == READ:
        _, offset, size = struct.unpack_from("=2QI", body)
        return content[offset:offset + size]
    if opcode == STATFS:
        return struct.pack("=5Q4I24x", 1, 0, 0, 1, 0, 4096, 255, 4096, 0)
    if opcode in (FORGET, BATCH_FORGET, INTERRUPT):
        return None
    return b"" if opcode in (FLUSH, RELEASE, RELEASEDIR) else ENOSYS


def serve(device, request):
    _, opcode, unique, node = struct.unpack_from("=2I2Q", request)
    result = answer(opcode, node, request[40:])
    if result is None:
        return
    error, payload = (-result, b"") if isinstance(result, int) else (0, result)
    os.write(device, struct.pack("=IiQ", 16 + len(payload), error, unique) + payload)


device = os.open("/dev/fuse", os.O_RDWR)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
if libc.mount(b"mute", folder.encode(), b"fuse", 0, options.encode()):
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")


def leave(*_):
    libc.umount2(folder.encode(), 2)  # MNT_DETACH
    os._exit(0)


signal.signal(signal.SIGTERM, leave)
print("ready", flush=True)
speaks = True
while True:
    ready, _, _ = select.select([device] + [0] * speaks, [], [])
    if 0 in ready:
        speaks = bool(os.read(0, 1))
    if device in ready:
        message = os.read(device, 1 << 18)
        if speaks:
            serve(device, message)
