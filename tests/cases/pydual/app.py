# SPDX-License-Identifier: Apache-2.0
# A Python program with two extension modules, each with its own Tokio. $CASE_LIBS: their folder.
import ctypes
import os
import sys
import time

folder = os.environ["CASE_LIBS"]
a = ctypes.CDLL(folder + "/libcolframe.so", mode=ctypes.RTLD_GLOBAL)
b = ctypes.CDLL(folder + "/liblakestore.so")
a.colframe_start()
b.lakestore_start()
# A thread keeps the interpreter's lock this long while others wait for it.
sys.setswitchinterval(0.05)


def busy(n):
    x = 0
    for i in range(n):
        x = (x * 31 + i) & 0xFFFFFFFF
    return x


end = time.time() + 60
while time.time() < end:
    busy(400_000)
    time.sleep(0.02)
