"""Errors that a person can act on.

Every error raised on purpose derives from :class:`AriAppError`. What an operator, an integrator or a telecom
engineer did wrong raises a :class:`InputError` with the place; what the network or Asterisk did is counted and
survived where possible, and raises a :class:`TelephonyError` where not.
"""

from __future__ import annotations

from dataclasses import dataclass


class AriAppError(Exception):
    """Base of all errors of this product; ``str(error)`` is fit to be shown to a person."""


class ConfigError(AriAppError):
    """A setting is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input, with its place.

    ``where`` is ``file:line`` or ``file, row N``; ``field`` the field or key; ``wrong`` what is wrong;
    ``allowed`` what would be right.
    """

    where: str
    field: str
    wrong: str
    allowed: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.field}: {self.wrong}" if self.field else f"{self.where}: {self.wrong}"
        return f"{text} (allowed: {self.allowed})" if self.allowed else text


class InputError(AriAppError):
    """An external text (list, YAML, JSON, API call) cannot be used; carries every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        if not problems:
            raise ValueError("an InputError names at least one problem")
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class UnknownRecord(AriAppError):
    """What was named (a dispute, an order, a case) is not there."""


class WrongState(AriAppError):
    """What was asked cannot follow the state in which a record is; nothing has changed."""


class StoreError(AriAppError):
    """The database refused or could not write (full disk, locked by another controller, damaged file)."""


class StoreUnavailable(StoreError):
    """The database cannot be written at this moment (full disk, read-only, locked, disk error); it may be later."""


class TelephonyError(AriAppError):
    """Asterisk or the network did not do what was asked."""


class RequestRefused(TelephonyError):
    """Asterisk answered a request with an error status.

    ``status`` is the HTTP status of the ARI response (404: no such channel; 409: wrong state; 422: not in Stasis).
    """

    def __init__(self, what: str, status: int, detail: str) -> None:
        self.what = what
        self.status = status
        self.detail = detail
        super().__init__(f"{what}: Asterisk answered {status}: {detail}")


class RequestTimeout(TelephonyError):
    """No answer within the time allowed: the outcome is unknown and the request is never repeated."""


class NotConnected(TelephonyError):
    """There is no connection to Asterisk at this moment; nothing was sent."""


class MediaClosed(TelephonyError):
    """The media socket of a call has gone."""


class SpeechError(AriAppError):
    """A recogniser or a voice failed or is not installed."""


class NotTold(AriAppError):
    """A person could not be told of an alert; ``str`` says why. ``again``: it may work later."""

    def __init__(self, why: str, again: bool = True) -> None:
        self.again = again
        super().__init__(why)


class LanguageModelError(AriAppError):
    """A language model did not answer, or not what it was asked; its text quotes nothing of either."""
