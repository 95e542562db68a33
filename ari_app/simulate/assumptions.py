"""What simulated customers are like. Every number is an assumption, none was measured; docs/simulate.md names them all.

They make strategies comparable with each other. They foretell nothing about a company's own customers: whoever has figures
of his own writes them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debtors:
    """One type of debt: ``share`` of all accounts, ``mean_amount`` in the currency of the world.

    ``pays_alone``: the share that pays within 30 days without being contacted. ``keeps``: of promises, those kept in full.
    ``follows``: what a talk or a message does to somebody of this type, beside the usual (1).
    ``talks``: how a talk with the customer ends, as weights.
    """

    share: float
    mean_amount: float
    pays_alone: float
    keeps: float
    follows: float
    talks: Mapping[str, float]


_USUAL_TALKS = {
    "promise_to_pay": 34.0,
    "acknowledged": 13.0,
    "informed": 10.0,
    "link_requested": 8.0,
    "already_paid": 6.0,
    "callback": 7.0,
    "plan_requested": 4.0,
    "deferral_requested": 2.0,
    "hardship": 3.0,
    "refused": 5.0,
    "disputed": 3.0,
    "request_human": 2.0,
    "stop_calling": 1.2,
    "complaint": 0.5,
    "recording_refused": 0.7,
    "abusive": 0.4,
    "deceased": 0.2,
}

DEBTORS: Mapping[str, Debtors] = {
    "non_malicious": Debtors(0.52, 210, 0.30, 0.70, 1.0, _USUAL_TALKS),
    "malicious": Debtors(
        0.18,
        580,
        0.04,
        0.25,
        0.3,
        _USUAL_TALKS | {"promise_to_pay": 14.0, "refused": 25.0, "stop_calling": 4.0, "abusive": 3.0},
    ),
    "legacy": Debtors(
        0.20,
        1200,
        0.03,
        0.40,
        0.5,
        _USUAL_TALKS | {"promise_to_pay": 18.0, "disputed": 9.0, "refused": 12.0, "hardship": 6.0},
    ),
    "new_business": Debtors(
        0.10, 3500, 0.15, 0.60, 0.8, _USUAL_TALKS | {"promise_to_pay": 26.0, "plan_requested": 10.0}
    ),
}

#: Spread of amounts: the standard deviation of their logarithm.
AMOUNT_SPREAD = 0.7

#: Days from the due date to the start, as (weight, from, to); negative: not due yet. ``legacy`` debts lie beyond them.
AGES: tuple[tuple[float, int, int], ...] = (
    (12, -10, -1),
    (3, 0, 0),
    (48, 1, 30),
    (20, 31, 60),
    (10, 61, 90),
    (7, 91, 400),
)
LEGACY_AGE = (731, 1500)

RISKS: Mapping[str, float] = {"L": 55, "M": 30, "H": 15}
AGE_BANDS: Mapping[str, float] = {
    "18-24": 12,
    "25-34": 27,
    "35-44": 23,
    "45-54": 18,
    "55-64": 12,
    "65+": 8,
}
#: Accounts of one customer: 1, 2, 3.
ACCOUNTS_OF_ONE: tuple[float, ...] = (0.85, 0.12, 0.03)

#: Customers who share the telephone of the customer before them, as in a household.
SHARES_A_PHONE = 0.01
#: Customers who moved and kept a number of another time zone.
MOVED_AWAY = 0.05
#: Customers who named windows of their own.
HAS_WISHES = 0.03

#: How customers stand at the start.
ON_DNC = 0.015
HAS_CONSENT = 0.92
STANDING: Mapping[str, float] = {"dispute": 0.008, "bankrupt": 0.002, "represented": 0.002, "deceased": 0.001}

#: Numbers at the start: of nobody, of somebody else, blocked by the operator.
NUMBER_EMPTY = 0.02
NUMBER_WRONG = 0.03
NUMBER_SUSPENDED = 0.015

#: What happens in 30 days without any contact, as shares of accounts (deaths and wishes: of customers).
OPENS_DISPUTE = 0.010
WRITES_STOP = 0.004
JOINS_REGISTER = 0.003
DIES = 0.0006
#: Services suspended in 30 days, of overdue accounts.
SUSPENDED = 0.05
#: Payments that are only a part of the sum.
PAYS_A_PART = 0.12
#: Days until a dispute is answered.
DISPUTE_DAYS = (2.0, 8.0)
#: Hours until a suspended service is back after a payment.
RESTORED_HOURS = (0.1, 4.0)

#: How likely a person answers, by the hour of the local working day (index 0 to 23).
ANSWERS_BY_HOUR: tuple[float, ...] = (
    *(0.05,) * 7,
    0.12,
    0.22,
    0.28,
    0.33,
    0.34,
    0.30,
    0.26,
    0.27,
    0.29,
    0.31,
    0.35,
    0.41,
    0.43,
    0.40,
    0.33,
    0.18,
    0.08,
)
ANSWERS_ON_WEEKENDS = 1.1
ANSWERS_BY_AGE: Mapping[str, float] = {
    "18-24": 0.75,
    "25-34": 0.85,
    "35-44": 0.95,
    "45-54": 1.05,
    "55-64": 1.2,
    "65+": 1.35,
}
ANSWERS_BY_RISK: Mapping[str, float] = {"L": 1.1, "M": 1.0, "H": 0.75}
#: Each further dial to the same account finds fewer people.
ANSWERS_AGAIN = 0.9

#: What happens to a call that no person answers, as weights.
UNANSWERED: Mapping[str, float] = {
    "no_answer": 55,
    "busy": 10,
    "switched_off": 9,
    "out_of_reach": 5,
    "voicemail": 10,
    "call_assistant": 5,
    "rejected": 4,
    "congestion": 1,
    "call_barred": 1,
}

#: Who answers, or what comes of it, before anything about a debt can be said; the rest are talks with the customer.
NOT_THE_CUSTOMER: Mapping[str, float] = {
    "third_party": 0.06,
    "hung_up": 0.12,
    "no_input": 0.04,
    "not_verified": 0.05,
}
#: Of calls to somebody else's number that are answered, those in which he says so.
SAYS_WRONG_PERSON = 0.8

#: What comes of a talk or a message: the share that pays, and after how many days on average.
PAYS_AFTER: Mapping[str, tuple[float, float]] = {
    "already_paid": (0.80, 1.0),
    "acknowledged": (0.35, 3.0),
    "link_requested": (0.50, 1.0),
    "informed": (0.20, 4.0),
    "callback": (0.05, 4.0),
    "plan_requested": (0.50, 10.0),
    "deferral_requested": (0.40, 14.0),
    "restore_requested": (0.90, 0.2),
    "request_human": (0.25, 4.0),
    "hardship": (0.08, 15.0),
    "refused": (0.02, 10.0),
    "message": (0.04, 2.0),
}
#: Promises are for a day within so many days.
PROMISE_DAYS = 7
#: Kept promises are paid at most so many hours before the end of their day.
KEPT_WITHIN_HOURS = 30.0

#: Seconds until a person, a machine or the network answers; what is not answered rings as long as the campaign lets it.
RING_S: Mapping[str, tuple[float, float]] = {
    "person": (5.0, 22.0),
    "voicemail": (16.0, 30.0),
    "call_assistant": (4.0, 12.0),
    "busy": (1.0, 4.0),
    "switched_off": (3.0, 8.0),
    "out_of_reach": (3.0, 8.0),
    "suspended": (3.0, 8.0),
    "empty_number": (3.0, 8.0),
    "rejected": (3.0, 12.0),
    "congestion": (0.5, 3.0),
    "call_barred": (0.5, 3.0),
}
#: Mean seconds of a talk by how it ends; it lasts 0.4 to 1.6 times as long.
TALK_S: Mapping[str, float] = {
    "promise_to_pay": 95,
    "plan_requested": 130,
    "deferral_requested": 110,
    "already_paid": 55,
    "disputed": 100,
    "refused": 70,
    "hardship": 90,
    "acknowledged": 60,
    "link_requested": 65,
    "informed": 55,
    "callback": 35,
    "request_human": 40,
    "complaint": 60,
    "stop_calling": 35,
    "recording_refused": 20,
    "abusive": 30,
    "deceased": 40,
    "wrong_person": 15,
    "third_party": 18,
    "not_verified": 30,
    "hung_up": 6,
    "no_input": 15,
    "voicemail": 5,
    "call_assistant": 8,
}
#: Seconds from the reservation of a call to its INVITE: legs and prompts are made ready.
PREPARING_S = (0.3, 2.0)

#: Ends of calls that give a person work, and for how many minutes.
PERSONS_MINUTES: Mapping[str, float] = {
    "disputed": 20,
    "hardship": 15,
    "plan_requested": 10,
    "deferral_requested": 6,
    "request_human": 8,
    "complaint": 20,
    "recording_refused": 5,
    "already_paid": 3,
    "deceased": 10,
}
