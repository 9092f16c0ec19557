"""Limits the searches in progress: free slots are reserved before a claim, and each answer releases one."""

import threading


class Slots:
    """Thread-safe. At most `total` searches in progress; at most `batch` per claim, so that other workers get a share.

    A bell that finds no free slot is remembered: `release` reports when to claim again.
    """

    def __init__(self, total: int, batch: int) -> None:
        self._batch = batch
        self._free = total
        self._missed_bell = False
        self._closed = False
        self._lock = threading.Lock()

    def reserve(self) -> int:
        """Reserve the free slots, `batch` at most, for a claim; 0 if there are none. `confirm` must follow."""
        with self._lock:
            reserved = 0 if self._closed else max(0, min(self._free, self._batch))
            self._free -= reserved
            # Reset before the claim, not after: a bell that arrives during the claim must not be lost.
            self._missed_bell = not reserved
            return reserved

    def confirm(self, reserved: int, used: int, *, more_wait: bool) -> None:
        """Keep the `used` slots of a reservation and free the rest. `more_wait`: the claim left searches waiting."""
        with self._lock:
            self._free += reserved - used
            self._missed_bell = self._missed_bell or more_wait

    def occupy(self) -> None:
        """Take one slot, free or not: a deferred search resumes on top of those that were claimed."""
        with self._lock:
            self._free -= 1

    def release(self) -> bool:
        """Free one slot. Return whether a bell was missed and a whole batch can be claimed."""
        with self._lock:
            self._free += 1
            return self._missed_bell and not self._closed and self._free >= self._batch

    def close(self) -> None:
        """Reserve nothing from now on."""
        with self._lock:
            self._closed = True
