"""The error of a file that can't be taken in as it is."""

from __future__ import annotations

from attain.errors import BadInput


class Rejected(BadInput):
    """A file that can't be taken in as it is; the other files of the batch are not touched by it."""
