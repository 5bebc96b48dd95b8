"""How a long-lived process returns memory: what one large answer took is not kept for the next one.

The allocator of glibc keeps what was freed, in as many heaps as threads have ever been busy at the same time, and takes
larger and larger blocks from these the larger the blocks are that it has seen: a process that answered large requests
for ten minutes held more than twice what it needed.
"""

import ctypes
from contextlib import suppress

# malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
_LARGE = 262_144  # octets; such a block is the system's own, and goes back to it at once
_LEFT = 1_048_576  # octets at the end of a heap that stay for the next small ones
_HEAPS = 2


def return_memory() -> None:
    """Tell the allocator of this process, and of those that it forks; call before there are threads.

    Does nothing where the C library has no such switches (musl, macOS).
    """
    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_ARENA_MAX, _HEAPS), (_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _LEFT)):
            mallopt(option, value)
