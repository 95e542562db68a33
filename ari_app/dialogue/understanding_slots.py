"""An understanding as plain data: the intents and slots of the published scheme, as they stand in files."""

from __future__ import annotations

from ari_app.dialogue.model import Understanding

SLOTS: tuple[str, ...] = (
    "amount",
    "date",
    "time",
    "channel",
    "periods",
    "dispute_category",
    "phone_tail",
)

SlotValue = str | int | list[str] | list[int]


def slots_of(heard: Understanding) -> dict[str, SlotValue]:
    """The slots that were filled: one value as it is, several as a list in spoken order.

    Amounts are decimal strings with two places, dates ISO 8601, times HH:MM, periods whole numbers of months.
    """
    several: dict[str, list[str] | list[int]] = {
        "amount": [f"{amount:.2f}" for amount in heard.amounts],
        "date": [day.isoformat() for day in heard.dates],
        "time": [f"{at:%H:%M}" for at in heard.times],
        "channel": list(heard.channels),
        "periods": list(heard.periods),
        "dispute_category": [heard.dispute_category] if heard.dispute_category else [],
        "phone_tail": [heard.phone_tail] if heard.phone_tail else [],
    }
    return {name: values[0] if len(values) == 1 else values for name, values in several.items() if values}
