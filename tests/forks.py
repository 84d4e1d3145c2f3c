"""Work done as another user, in a fork of the tests' own process."""

from __future__ import annotations

import ctypes
import os
import traceback
from collections.abc import Callable


def in_fork(work: Callable[[], str], *, uid: int = 0) -> str:
    """Run as another user; by fork, because that user may not be able to enter our Python."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if uid:
                os.setgroups([])
                os.setgid(uid)
                os.setuid(uid)
                # An exec would do this: /proc/self belongs to root after setuid.
                ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)
            os.write(into, work().encode())
        except BaseException:
            os.write(into, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out) as told:
        text = told.read()
    os.waitpid(child, 0)
    return text
