"""Every error `ask` raises on purpose.

AskError                     exit 2 unless said otherwise
├── UsageError               what was typed makes no sense
│   └── EmptyQuery
├── NotFound                 exit 1: the thing asked for is not there
├── Unreadable               a file that cannot be read; reported, counted, skipped
├── IndexProblem             the index cannot be used as it is
│   ├── NewerIndex           written by a later version of ask
│   ├── DamagedIndex         fails its own checks; `ask check --repair` mends it
│   ├── UnsafeHome           the state directory belongs to somebody else or lies on a network disk
│   ├── SqliteTooOld         the SQLite at hand has known corruption bugs
│   ├── Busy                 another process is writing
│   └── DiskFull             the last document was rolled back
└── ModelProblem             a model is missing, damaged or cannot be run
    └── ModelMismatch        its files are not those that were pinned

Each error owns its message, its hint (what to do next) and its exit code. They are printed in one place,
`cli/start.py`. Exceptions of libraries are turned into these where the library is called.
"""

from __future__ import annotations


class AskError(Exception):
    """An error meant for a person: `message` says what happened, `hint` what to do about it."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AskError):
    """What was typed makes no sense."""


class EmptyQuery(UsageError):
    """A question without a single word in it."""

    def __init__(self) -> None:
        super().__init__("the question is empty", 'Try: ask "the script that renames photos"')


class NotFound(AskError):
    """The thing asked for is not in the index."""

    exit_code = 1


class Unreadable(AskError):
    """A file that cannot be read.

    `reason` is one of `documents.REASONS`, `message` a sentence for people. Never ends a run.
    """

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(message or reason)
        self.reason = reason


class IndexProblem(AskError):
    """The index cannot be used as it is."""


class NewerIndex(IndexProblem):
    """The index was written by a later version of ask."""


class DamagedIndex(IndexProblem):
    """The index fails its own checks."""


class UnsafeHome(IndexProblem):
    """The state directory is not safe to write to."""


class SqliteTooOld(IndexProblem):
    """The SQLite at hand has known corruption bugs."""


class Busy(IndexProblem):
    """Another process is writing to the index."""


class DiskFull(IndexProblem):
    """There was no room; the document being written was rolled back."""


class ModelProblem(AskError):
    """A model is missing, damaged or cannot be run."""


class ModelMismatch(ModelProblem):
    """The files of a model are not those that were pinned."""
