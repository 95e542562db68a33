"""Which of a customer's numbers is dialled next. All of them share one budget of attempts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ari_app.domain.account import Account

#: Numbers of one account beside its first.
MOST_OTHER_NUMBERS = 4


@dataclass(frozen=True, slots=True)
class NumberState:
    """What is known of one number of a customer.

    ``dead`` is the disposition by which it is never dialled again, ``listed`` whether a list forbids the number itself.
    ``unreached`` counts the dials in which nobody was talked to since somebody was.
    """

    phone: str
    dead: str | None = None
    listed: bool = False
    unreached: int = 0

    @property
    def usable(self) -> bool:
        """Whether it may be dialled, as far as the number alone decides."""
        return self.dead is None and not self.listed


def next_number(numbers: Sequence[NumberState], tries_each: int) -> NumberState:
    """The number that is dialled next: each ``tries_each`` times without success in turn, then the first again.

    Where none can be used, one whose list entry may lapse, else the first: the verdict refuses by it. ``numbers`` is not
    empty; the first is the one that the list names first.
    """
    usable = [each for each in numbers if each.usable]
    if usable:
        return min(usable, key=lambda each: each.unreached // max(1, tries_each))
    return next((each for each in numbers if each.dead is None), numbers[0])


def unreached(tries: Iterable[bool]) -> int:
    """Dials since somebody was talked to; ``tries`` says of each dial in order whether somebody was."""
    count = 0
    for reached in tries:
        count = 0 if reached else count + 1
    return count


def called_at(account: Account, phone: str) -> Account:
    """The account with this number of its own in front; the same account where it has no such number."""
    if phone == account.phone or phone not in account.other_phones:
        return account
    others = tuple(each for each in account.phones if each != phone)
    return replace(account, phone=phone, other_phones=others)
