"""What a token of the API may do."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One right; a token has some of them, and they never change."""

    READ_TASKS = "read:tasks"
    WRITE_TASKS = "write:tasks"
    READ_ACCOUNTS = "read:accounts"
    WRITE_ACCOUNTS = "write:accounts"
    READ_LISTS = "read:lists"
    WRITE_LISTS = "write:lists"
    READ_PROMISES = "read:promises"
    WRITE_PROMISES = "write:promises"
    READ_PLANS = "read:plans"
    WRITE_PLANS = "write:plans"
    READ_DISPUTES = "read:disputes"
    WRITE_DISPUTES = "write:disputes"
    READ_PAYMENTS = "read:payments"
    WRITE_PAYMENTS = "write:payments"
    READ_MESSAGES = "read:messages"
    WRITE_MESSAGES = "write:messages"
    READ_ATTEMPTS = "read:attempts"
    READ_RECORDINGS = "read:recordings"
    READ_ALERTS = "read:alerts"
    WRITE_ALERTS = "write:alerts"
    READ_WEBHOOKS = "read:webhooks"
    WRITE_WEBHOOKS = "write:webhooks"
    READ_ORDERS = "read:orders"
    WRITE_ORDERS = "write:orders"
    READ_CASES = "read:cases"
    WRITE_CASES = "write:cases"
    READ_EVENTS = "read:events"
    READ_PERSONAL = "read:personal"
    """Names, telephone numbers and what was said, unmasked."""


#: What a token is given that is not told otherwise: to read, without anything personal.
READING = tuple(
    scope for scope in Scope if scope.value.startswith("read:") and scope is not Scope.READ_PERSONAL
)
