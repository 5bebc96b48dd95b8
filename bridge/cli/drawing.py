"""The thread that draws again what is marked to be, beside the other work of a process."""

import threading
from datetime import timedelta

from bridge.services.redrawing import Redraws


class Drawing:
    """Draws from ``start`` to ``stop``, which waits for the end of a portion in progress."""

    def __init__(self, redraws: Redraws) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(target=redraws.work, args=(self._ends_within,), name="drawing", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ending.set()
        self._thread.join()

    def _ends_within(self, span: timedelta) -> bool:
        return self._ending.wait(span.total_seconds())
