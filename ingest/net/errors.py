"""What goes wrong on the way out."""

from __future__ import annotations

# Statuses that another try may mend; 429 and 503 only where the server does not say when.
_PASSING = frozenset({429, 500, 502, 503, 504})


class FetchError(Exception):
    """An address that could not be fetched; the message says why.

    `status` is the server's, 0 without an answer; `retry_after` the seconds after which it wants to be asked again;
    `passing` says that another try may help, `unreachable` that there is no server at that host,
    `recording` that what is there is sound or film, which is not read as a page.
    """

    def __init__(
        self,
        reason: str,
        status: int = 0,
        retry_after: float | None = None,
        passing: bool = False,
        unreachable: bool = False,
        recording: bool = False,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.retry_after = retry_after
        self.passing = passing or (status in _PASSING and retry_after is None)
        self.unreachable = unreachable
        self.recording = recording
