"""The flows of a folder: read, checked, and read again when an operator has changed them.

A file that was changed and has a fault does not take effect: calls go on with the last faultless version, and the
fault stands in ``problems`` (and in the log) until it is mended. A part that was changed is a change of every flow that
takes it in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import structlog

from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_arms import in_arms
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.flow_prompts import known_fragments, shared_fragments, state_fragments
from ari_app.dialogue.guard import TELLING_NAMES, GuardTally
from ari_app.dialogue.model import Fragment
from ari_app.domain.account import Account
from ari_app.domain.compliance import zone_of
from ari_app.domain.experiment import NO_ARMS, Arms, Experiment
from ari_app.errors import ConfigError, InputError, Problem
from ari_app.services.flow_sources import Stamp, read_flow_files, stamp_of
from ari_app.services.model_problems import nearest

log = structlog.get_logger(__name__)


def experiments_apart(flows: Sequence[Flow]) -> list[Problem]:
    """Experiments of one name with different arms: a customer would be given another arm at every change of flow."""
    first: dict[str, tuple[Flow, frozenset[str]]] = {}
    found: list[Problem] = []
    for flow in flows:
        for experiment in flow.experiments:
            arms = frozenset(experiment.arm_names)
            other, known = first.setdefault(experiment.name, (flow, arms))
            if arms != known:
                where = f"experiments.{experiment.name}"
                wrong = f"it has other arms in the flow {other.name}"
                found.append(Problem(f"{flow.file}:1", where, wrong, ", ".join(sorted(known))))
    return found


class FlowDirectory:
    """The flows of a folder (ports.Flows). ``company`` is how the caller introduces itself, by language; ``spoken`` are the
    languages that there is a voice for, so that a call may go on in them (None: those of ``company``).

    The constructor raises InputError when a file has a fault, ConfigError when a company name cannot be spoken to
    everybody. ``refresh`` reads changed files; it never raises for a fault in a file.
    """

    def __init__(
        self, folder: Path, company: Mapping[str, str], spoken: Collection[str] | None = None
    ) -> None:
        self.tally = GuardTally()
        self._folder = folder
        self._company = dict(company)
        self._others = {name: company[name] for name in company if spoken is None or name in spoken}
        self._flows: dict[str, Flow] = {}
        self._other_prompts: dict[tuple[str, str], tuple[Flow, date, tuple[Fragment, ...]]] = {}
        self._stamps: dict[Path, Mapping[Path, Stamp | None]] = {}
        self._faults: dict[Path, tuple[Problem, ...]] = {}
        for language, name in self._company.items():
            telling = TELLING_NAMES.search(name)
            if telling is not None:
                raise ConfigError(
                    f"the company name {name!r} ({language}) contains {telling.group()!r}, which tells a"
                    " stranger what the call is about; set a name without it"
                )
        self.refresh()
        if self.problems:
            raise InputError(list(self.problems))
        if not self._flows:
            raise ConfigError(f"there is no flow in {folder}; a flow is a file NAME.yaml")

    @property
    def names(self) -> tuple[str, ...]:
        """The flows that can be opened."""
        return tuple(sorted(self._flows))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they are now."""
        return tuple(dict.fromkeys(problem for found in self._faults.values() for problem in found))

    def refresh(self) -> bool:
        """Read what has changed since the last time; whether a flow was taken over."""
        files = sorted(self._folder.glob("*.yaml"))
        changed = False
        for path in files:
            stamps = self._stamps.get(path)
            if stamp_of(path) is None or (
                stamps and all(stamp_of(one) == was for one, was in stamps.items())
            ):
                continue
            reading = read_flow_files(path)
            self._stamps[path] = reading.stamps
            flow = reading.flow
            if flow is None:
                self._faults[path] = reading.problems
                log.error(
                    "flow has faults; its last good version, if there is one, stays",
                    file=str(path),
                    faults=len(reading.problems),
                )
                continue
            self._faults.pop(path, None)
            self._flows[flow.name] = flow
            changed = True
            log.info(
                "flow read",
                flow=flow.name,
                version=flow.version,
                parts=dict(flow.parts),
                states=len(flow.states),
            )
        # Editors replace a file by way of removing it, so a flow stays until the next start.
        for path in [path for path in self._stamps if path not in files]:
            del self._stamps[path]
            self._faults[path] = (
                Problem(str(path), "", "the file is gone; its last version stays until a restart"),
            )
            log.warning("flow file is gone, its last version stays", file=str(path))
        return changed

    def flow(self, name: str) -> Flow:
        """A flow as last read without error; raises ConfigError for an unknown one."""
        flow = self._flows.get(name)
        if flow is None:
            raise ConfigError(
                f"there is no flow {name!r} in {self._folder} (there are: {', '.join(self.names)})"
            )
        return flow

    def experiments(self, name: str) -> tuple[Experiment, ...]:
        """The experiments of a flow, looking first whether the operator has changed it; raises ConfigError for an unknown
        one."""
        self.refresh()
        return self.flow(name).experiments

    def open(self, name: str, account: Account, arms: Arms = NO_ARMS) -> FlowConversation:
        """Begin a conversation; raises ConfigError for an unknown flow or language."""
        flow = self._treated(name, account)
        name = self._company[account.language]
        return FlowConversation(flow, account, name, self.tally, arms, self._others)

    def prompts(
        self, name: str, account: Account, now: datetime, arms: Arms | None = None
    ) -> tuple[Fragment, ...]:
        """Every fragment that a call to this account may need and that is known before dialling; without ``arms`` of all.

        Looks first whether the operator has changed a flow, so that an edit holds from the next call on.
        """
        self.refresh()
        flow = self._treated(name, account)
        if arms is not None:
            flow = in_arms(flow, arms)
        return known_fragments(flow, account, self._company[account.language], now, self._others)

    def other_prompts(self, name: str, account: Account, now: datetime) -> tuple[Fragment, ...]:
        """What a call to this account may say in the flow's other languages and is the same for all customers."""
        flow = self._flow(name, account)
        today = now.astimezone(zone_of(account.timezone) or UTC).date()
        kept = self._other_prompts.get((name, account.language))
        if kept is not None and kept[:2] == (flow, today):
            return kept[2]
        found: dict[Fragment, None] = {}
        for language in flow.languages:
            if language != account.language and language in self._others:
                found |= dict.fromkeys(shared_fragments(flow, language, self._others[language], today))
        known = tuple(found)
        self._other_prompts[name, account.language] = (flow, today, known)
        return known

    def shared_prompts(self, name: str, language: str, today: date) -> tuple[Fragment, ...]:
        """Every fragment of a flow that is the same for all customers; none where the flow is not in the language."""
        flow = self.flow(name)
        if language not in flow.languages or language not in self._company:
            return ()
        return shared_fragments(flow, language, self._company[language], today)

    def state_prompts(self, name: str, state: str, account: Account, now: datetime) -> tuple[Fragment, ...]:
        """What a state of a flow says to an account; raises ConfigError for an unknown state."""
        flow = self._flow(name, account)
        if state not in flow.states:
            raise ConfigError(f"{flow.file}: there is no state {state!r} ({nearest(state, flow.states)})")
        return state_fragments(flow, state, account, self._company[account.language], now)

    def _treated(self, name: str, account: Account) -> Flow:
        """A flow that offers no more than the account's treatment."""
        flow = self._flow(name, account)
        policy = flow.policy.within(account.treatment)
        return flow if policy is flow.policy else replace(flow, policy=policy)

    def _flow(self, name: str, account: Account) -> Flow:
        flow = self.flow(name)
        if account.language not in flow.languages:
            spoken = ", ".join(flow.languages)
            raise ConfigError(f"the flow {name} is not written in {account.language!r} (it is in: {spoken})")
        if account.language not in self._company:
            raise ConfigError(f"the company has no name in the language {account.language!r}")
        return flow
