"""What can go wrong, by who can mend it. Each class carries the exit code the command line answers with."""

from __future__ import annotations


class AttainError(Exception):
    """An error with a remedy. `message` says what is wrong, `remedy` what to do about it.

    The command line prints both and exits with `exit_code`; an Airflow task fails with both in its log.
    """

    exit_code = 2

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  what to do: {self.remedy}" if self.remedy else self.message


class BadInput(AttainError):
    """A file, plan, mapping or argument that can't be used as it is (exit code 2)."""

    exit_code = 2


class Refused(AttainError):
    """The quality gate refused the candidate; the release before it stays current (exit code 1)."""

    exit_code = 1


class Busy(AttainError):
    """Another process holds what this one needs, or a service can't be reached (exit code 3)."""

    exit_code = 3
