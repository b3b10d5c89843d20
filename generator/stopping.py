"""From the bytes of tokens to text that may be shown: whole characters only, and nothing of a stop word."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


class Stopper:
    """Feeds on bytes, gives text. Holds back what may turn out to be the beginning of a stop word."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [word for word in stop if word]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False
        """A stop word was met; whatever follows is ignored."""

    def feed(self, piece: bytes) -> str:
        """Text that is now certain to belong to the answer."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(piece)
        found = [at for word in self._stop if (at := self._held.find(word)) >= 0]
        if found:
            self.stopped = True
            text, self._held = self._held[: min(found)], ""
            return text
        keep = self._possible()
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return text

    def rest(self) -> str:
        """What was held back and did not become a stop word; called once, at the end."""
        if self.stopped:
            return ""
        text = self._held + self._decoder.decode(b"", final=True)
        self._held = ""
        return text

    def _possible(self) -> int:
        """Length of the longest end of the held text that is the beginning of a stop word."""
        longest = max((len(word) for word in self._stop), default=1) - 1
        for length in range(min(longest, len(self._held)), 0, -1):
            if any(word.startswith(self._held[-length:]) for word in self._stop):
                return length
        return 0
