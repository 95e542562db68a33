#!/usr/bin/env python3
"""Checks a folder that `ari-app simulate` wrote against a rule pack, with arithmetic of its own.

    .venv/bin/python scripts/check_simulation.py OUT dialplan/rules/cn-telecom.yaml

It reads the lines and summary.json of OUT, the pack and its calendar, and shares no code with the product: whoever does
not trust the product's rules can read this file instead. Statutory days come from the library `holidays`, the zones of
numbers from `phonenumbers`. Exit code 0: no contact broke a rule. 1: some did, or a refusal had no ground.

--hard     a strategy may go up to the pack's hard numbers; without it the usual ones hold
--opened   which of weekends and holidays the strategy has opened, where the pack lets it
"""

from __future__ import annotations

import argparse
import json
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import phonenumbers
from phonenumbers import timezone as number_zones
from ruamel.yaml import YAML

EXAMPLES = 3
NEVER_AGAIN = {"wrong_person", "empty_number", "unallocated", "rejected", "fax"}
ENDS_CUSTOMER = {"complaint", "stop_calling", "deceased", "minor"}
ENDS_ACCOUNT = {"already_paid"}


@cache
def zone(name):
    return ZoneInfo(name)


@lru_cache(maxsize=1_000_000)
def instant(text):
    return datetime.fromisoformat(text)


def minutes(text):
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def windows(texts):
    return [tuple(minutes(part) for part in text.split("-")) for text in texts]


class Pack:
    """The numbers of the pack's version that holds on a day, and what its calendar makes of days."""

    def __init__(self, path, opened, hard):
        yaml = YAML(typ="safe", pure=True)
        data = yaml.load(path.read_text(encoding="utf-8"))
        self.name, self.opened, self.hard = data["pack"], opened, hard
        self.versions = sorted(data["versions"], key=lambda version: str(version["from"]))
        calendar = yaml.load(
            (path.parent.parent / "calendars" / f"{data['calendar']}.yaml").read_text(encoding="utf-8")
        )
        self.confirmed = {int(year) for year in calendar["confirmed"]}
        years = sorted({year + step for year in self.confirmed for step in (-1, 0, 1)})
        known = holidays.country_holidays(calendar["country"], years=years)
        ours = {as_day(day) for day in calendar.get("holidays") or {}}
        make_up = {as_day(day) for day in calendar.get("make_up") or {}}
        worked = {as_day(day) for day in calendar.get("working") or []}
        self.make_up = (make_up | set(known.weekend_workdays)) - ours
        self.holidays = (set(known) | ours) - self.make_up - worked

    @cache  # noqa: B019 - one pack a run
    def version(self, day):
        found = [version for version in self.versions if as_day(version["from"]) <= day]
        return found[-1] if found else None

    @cache  # noqa: B019
    def closed(self, day):
        """Why nobody may be contacted on a day, '' where somebody may; and the hours that hold."""
        version = self.version(day)
        if version is None or day.year not in self.confirmed:
            return "a day of no rules", ()
        hours = version["hours"]
        weekend = day.weekday() >= 5 and day not in self.make_up
        if day in self.holidays and day not in self.make_up:
            spans = windows(hours.get("holiday", hours["working"]))
            return ("" if self.is_open("holidays", version) else "a holiday"), spans
        if weekend:
            spans = windows(hours.get("weekend", hours["working"]))
            return ("" if self.is_open("weekends", version) else "a weekend"), spans
        return "", windows(hours["working"])

    def is_open(self, kind, version):
        closing = version[kind]["closed"]
        return closing == "open" or (closing == "unless_opened" and kind in self.opened)

    def most(self, version, key):
        return None if key not in version else version[key]["hard" if self.hard else "usual"]


def as_day(value):
    return value if type(value) is date else date.fromisoformat(str(value))


def value(version, key):
    return version[key]["value"] if key in version else None


@lru_cache(maxsize=1_000_000)
def zones_of(number, home):
    """Every zone in which the owner of a number may be: his own, and those of the number where his is none of them."""
    found = [
        each
        for each in number_zones.time_zones_for_geographical_number(phonenumbers.parse(number))
        if each != "Etc/Unknown"
    ]
    return (home,) if not found or home in found else (home, *found)


class Findings:
    """Violations by kind, with some examples."""

    def __init__(self):
        self.count = Counter()
        self.examples = defaultdict(list)

    def add(self, kind, what):
        self.count[kind] += 1
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(what)


def lines_of(path, findings, *, in_order=True):
    last = ""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            found = json.loads(line)
            if in_order:
                if found["at"] < last:
                    findings.add("order", f"{path.name}: {found['at']} stands behind {last}")
                last = found["at"]
            yield found


class Facts:
    """Who may not be contacted from when on, as accounts and events tell it."""

    def __init__(self, folder, findings):
        self.accounts = {}
        self.customers = defaultdict(set)
        self.stopped = {}  # customer -> first instant of a wish, a register or a death
        self.paid = {}  # account -> instant
        self.dispute = defaultdict(list)  # account -> [(instant, open?)]
        for each in lines_of(folder / "accounts.jsonl", findings, in_order=False):
            self.accounts[each["account_id"]] = each
            self.customers[each["customer_id"]].add(each["account_id"])
        for each in lines_of(folder / "events.jsonl", findings):
            at, event = each["at"], each["event"]
            if event in ("opt_out", "dnc_added", "deceased", "wrong_number"):
                key = (each["customer_id"], each.get("phone") if event == "wrong_number" else None)
                self.stopped.setdefault(key, (at, event))
            elif event == "paid":
                self.paid.setdefault(each["account_id"], at)
            elif event in ("dispute_opened", "dispute_closed"):
                self.dispute[each["account_id"]].append((at, event == "dispute_opened"))

    def disputed(self, account_id, at):
        changes = self.dispute.get(account_id)
        if not changes:
            return False
        position = bisect_right(changes, (at, False)) - 1
        return position >= 0 and changes[position][1] and changes[position][0] < at


def check_standing(contact, account, facts, pack, add):
    at, customer = contact["at"], contact["customer_id"]
    version = pack.version(instant(at).astimezone(zone(account["timezone"])).date()) or {}
    if account["dnc"]:
        add("dnc", "on the do-not-contact list from the start")
    if account["standing"]:
        add("standing", f"{account['standing']} from the start")
    if not account["consent"] and (version.get("consent_required") or {}).get("value"):
        add("consent", "no consent on record")
    for phone in (None, contact["phone"]):
        stop = facts.stopped.get((customer, phone))
        if stop is not None and at > stop[0]:
            add(
                {"deceased": "deceased", "wrong_number": "wrong_number"}.get(stop[1], "dnc"),
                f"{stop[1]} at {stop[0]}",
            )
    paid = facts.paid.get(contact["account_id"])
    if paid is not None and at > paid:
        add("paid", f"paid at {paid}")
    if facts.disputed(contact["account_id"], at):
        add("dispute", "the bill is disputed")
    if contact["phone"] not in account["phones"]:
        add("number", "a number that is not the customer's")


def check_clock(contact, account, pack, zones, add):
    at = instant(contact["at"])
    for name in zones:
        local = at.astimezone(zone(name))
        why, spans = pack.closed(local.date())
        minute = local.hour * 60 + local.minute
        if why:
            add("closed_day", f"{why}: {local}")
        elif not any(first <= minute < last for first, last in spans):
            add("hours", f"{local} in {name}")
    wishes = windows(account["preferred_windows"])
    local = at.astimezone(zone(account["timezone"]))
    minute = local.hour * 60 + local.minute
    if wishes and not any(first <= minute < last for first, last in wishes):
        add("wishes", f"{local} is outside the customer's own windows")
    version = pack.version(local.date())
    if version is not None and contact["rule_pack"] != f"{pack.name}/{version['version']}":
        add("version", f"decided by {contact['rule_pack']}")


def check_call(contact, pack, summary, add):
    verdict = contact["verdict"]
    if any(
        verdict[moment]["rule"] != "allowed" or verdict[moment]["at"] > contact["at"]
        for moment in ("plan", "dial")
    ):
        add("verdict", f"verdicts {verdict}")
    if contact["channel"] != "call":
        return
    least = value(pack.version(instant(contact["at"]).date()) or {}, "ring_at_least_s")
    if least is not None:
        if contact["ring_timeout_s"] < least:
            add("ring_time", f"rings for {contact['ring_timeout_s']} s at most")
        if contact["disposition"] == "no_answer" and contact["ring_s"] < least:
            add("ring_time", f"rang {contact['ring_s']} s")
    if contact["caller_id"] not in summary["caller_ids"]:
        add("caller_id", f"shows {contact['caller_id']!r}")


def check_counts(contacts, pack, findings):
    """Caps, gaps and quiet days of one customer; his contacts are in the order of time."""

    def add(kind, contact, what):
        findings.add(kind, f"{contact['at']} {contact['customer_id']} {contact['account_id']}: {what}")

    calls, first = Counter(), set()
    open_until, ends_all = "", ""
    ended = {}
    for position, contact in enumerate(contacts):
        debt, before = contact["account_id"], contacts[position - 1] if position else None
        version = pack.version(instant(contact["at"]).date()) or pack.versions[-1]
        gap = value(version, "min_gap_minutes")
        if before is not None and instant(contact["at"]) - instant(before["at"]) < timedelta(minutes=gap):
            add("gap", contact, f"the one before was at {before['at']}")
        if ends_all or debt in ended:
            add("ended", contact, f"after {ends_all or ended[debt]}")
        if contact["disposition"] in ENDS_CUSTOMER:
            ends_all = contact["disposition"]
        if contact["disposition"] in ENDS_ACCOUNT:
            ended[debt] = contact["disposition"]
        if contact["channel"] == "call":
            calls[debt] += 1
            most = pack.most(version, "attempts_per_task")
            if most is not None and calls[debt] > most:
                add("attempts", contact, f"{calls[debt]} calls about this account")
            if contact["at"] < open_until:
                add("at_once", contact, f"a call to the customer went on until {open_until}")
            open_until = max(open_until, utc(contact["ended_at"]))
            demand = (version.get("first_contact_by_message") or {}).get("value")
            if demand and debt not in first and pack.messages:
                add("first_contact", contact, "the first contact of the debt is a call")
        first.add(debt)
    for name in {name for each in contacts for name in each["zones"]}:
        days = [instant(each["at"]).astimezone(zone(name)).date() for each in contacts]
        check_days(contacts, days, name, pack, add)


def check_days(contacts, days, name, pack, add):
    for position, (contact, day) in enumerate(zip(contacts, days, strict=True)):
        version = pack.version(day) or pack.versions[-1]
        if name not in contact["zones"]:
            continue
        until_now = list(zip(contacts[: position + 1], days[: position + 1], strict=True))
        debt = contact["account_id"]

        def count(since, which=lambda each: True, until_now=until_now):
            return sum(1 for each, then in until_now if then >= since and which(each))

        most = pack.most(version, "dials_per_day")
        if count(day) > most:
            add("day_cap", contact, f"{count(day)} contacts on {day}")
        most = pack.most(version, "dials_per_week")
        monday = day - timedelta(days=day.weekday())
        if most is not None and count(monday) > most:
            add("week_cap", contact, f"{count(monday)} contacts since Monday {monday}")
        week = day - timedelta(days=6)
        limit = version.get("dials_per_7_days")
        if limit:
            mine = count(week, by(limit, debt))
            if mine > limit["value"]:
                add("seven_days", contact, f"{mine} contacts in seven days")
        limit = version.get("quiet_days")
        if limit:
            same = by(limit, debt)
            for each, then in until_now[:-1]:
                if each["conversation"] and same(each) and (day - then).days < limit["value"]:
                    add("quiet_days", contact, f"a conversation on {then}")
                    break
        most = value(version, "conversations_per_day")
        if most is not None:
            talks = sum(1 for each, then in until_now[:-1] if then == day and each["conversation"])
            if talks >= most:
                add("conversations", contact, f"{talks} conversations on {day} before")
        most = value(version, "reminders_per_week")
        if most is not None and contact["reminder_by_us"]:
            reminders = count(week, lambda each: each["reminder_by_us"])
            if reminders > most:
                add("reminders", contact, f"{reminders} reminders in seven days")


def by(limit, debt):
    if limit.get("counts_by") == "debt":
        return lambda each: each["account_id"] == debt
    return lambda each: True


def utc(text):
    at = instant(text).astimezone(zone("UTC"))
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def check_refusals(folder, facts, pack, said_paid, findings):
    """Sampled refusals that name a fact or the hours of the pack: the fact is there, and the hours were over."""
    for each in lines_of(folder / "verdicts.jsonl", findings):
        at, account = each["at"], facts.accounts[each["account_id"]]
        stop = facts.stopped.get((each["customer_id"], None))
        stopped = (stop is not None and stop[0] <= at) or account["dnc"] or bool(account["standing"])
        paid = min(facts.paid.get(each["account_id"], "~"), said_paid.get(each["account_id"], "~"))
        grounds = {
            "do_not_contact": stopped,
            "deceased": stopped,
            "dispute_open": stopped
            or any(then <= at for then, _ in facts.dispute.get(each["account_id"], ())),
            "paid": paid <= at,
            "hard_floor": any(
                not any(first <= minute < last for first, last in pack.closed(local.date())[1])
                for local in (
                    instant(at).astimezone(zone(name))
                    for name in zones_of(account["phones"][0], account["timezone"])
                )
                for minute in (local.hour * 60 + local.minute,)
            ),
        }
        if not grounds.get(each["rule"], True):
            findings.add(
                "groundless", f"{at} {each['customer_id']} {each['account_id']}: refused by {each['rule']}"
            )
        if each["until"] is not None and each["until"] <= at:
            findings.add("groundless", f"{at} {each['customer_id']}: refused until {each['until']}")


KEPT = ("at", "customer_id", "account_id", "phone", "channel", "disposition", "conversation", "ended_at")


def check(folder, pack):
    """Every violation in a folder."""
    findings = Findings()
    facts = Facts(folder, findings)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    by_customer, dead, edges, count = defaultdict(list), {}, [], 0
    pack.messages, said_paid = False, {}
    for contact in lines_of(folder / "contacts.jsonl", findings):
        count += 1
        account = facts.accounts.get(contact["account_id"])
        if account is None or account["customer_id"] != contact["customer_id"]:
            findings.add("unknown", f"{contact['at']}: no such account of this customer")
            continue

        def add(kind, what, contact=contact):
            findings.add(kind, f"{contact['at']} {contact['customer_id']} {contact['account_id']}: {what}")

        check_standing(contact, account, facts, pack, add)
        zones = zones_of(contact["phone"], account["timezone"])
        check_clock(contact, account, pack, zones, add)
        check_call(contact, pack, summary, add)
        dies = dead.get(contact["phone"])
        if dies is not None and contact["at"] > dies:
            add("dead_number", f"the number was given up at {dies}")
        if contact["disposition"] in ENDS_ACCOUNT:
            said_paid.setdefault(contact["account_id"], utc(contact["ended_at"]))
        if contact["disposition"] in NEVER_AGAIN:
            dead.setdefault(contact["phone"], utc(contact["ended_at"]))
        pack.messages |= contact["channel"] != "call"
        kept = {key: contact[key] for key in KEPT} | {"zones": zones}
        local = instant(contact["at"]).astimezone(zone(account["timezone"])).date()
        kept["reminder_by_us"] = local <= date.fromisoformat(account["due_date"])
        by_customer[contact["customer_id"]].append(kept)
        if contact["channel"] == "call":
            edges += [(contact["at"], 1), (utc(contact["ended_at"]), -1)]
    check_refusals(folder, facts, pack, said_paid, findings)
    for contacts in by_customer.values():
        check_counts(contacts, pack, findings)
    busy = 0
    for at, change in sorted(edges):
        busy += change
        if busy > summary["lines"]:
            findings.add("lines", f"{busy} calls at one time at {at}")
    return findings, count, len(facts.accounts)


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="OUT")
    parser.add_argument("pack", type=Path, metavar="PACK.yaml")
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--opened", nargs="*", default=[], choices=["weekends", "holidays"])
    chosen = parser.parse_args(arguments)
    findings, count, accounts = check(chosen.folder, Pack(chosen.pack, set(chosen.opened), chosen.hard))
    print(f"{count} contacts with {accounts} accounts: {findings.count.total()} violations")
    for kind, number in findings.count.most_common():
        print(f"{kind}: {number}")
        for example in findings.examples[kind]:
            print(f"  {example}")
    return 1 if findings.count else 0


if __name__ == "__main__":
    sys.exit(main())
