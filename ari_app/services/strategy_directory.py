"""The strategies of a folder: read, checked, and read again when somebody has changed them.

A file that was changed and has a fault does not take effect: its last good version stays, and the fault stands in
``problems`` and in the log until it is mended. A file that never was good lets nobody be called by it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import structlog

from ari_app.domain.strategy_book import KnownStrategy, StrategyBook
from ari_app.errors import InputError, Problem
from ari_app.services.flow_sources import Stamp, stamp_of
from ari_app.services.strategy_check import Surroundings, strategy_problems
from ari_app.services.strategy_content import digest_of
from ari_app.services.strategy_file import StrategyReading, file_names, read_strategy

log = structlog.get_logger(__name__)

#: Makes what a strategy is checked against; it is told which versions of a strategy have a file.
Around = Callable[[Callable[[str], Collection[str]]], Surroundings]


class StrategyDirectory:
    """The strategies of ``DIALPLAN/strategies``. Reading never raises for a fault in a file; ``problems`` has them."""

    def __init__(self, dialplan: Path, around: Around, country: str = "CN") -> None:
        self._folder, self._around, self._country = dialplan / "strategies", around, country
        self._stamps: dict[Path, Stamp | None] = {}
        self._good: dict[Path, KnownStrategy] = {}
        self._faults: dict[Path, tuple[Problem, ...]] = {}
        self.book = StrategyBook()
        """The strategies as they are now; replaced as a whole, so that any thread may read it."""
        self.refresh()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the files as they are now."""
        return tuple(problem for found in self._faults.values() for problem in found)

    def refresh(self) -> bool:
        """Read what has changed since the last time; whether anything holds otherwise now.

        A file with faults is read each time: another file, a flow or a rule pack may have mended what it names.
        """
        stamps = {path: stamp_of(path) for path in sorted(self._folder.glob("*.yaml"))}
        gone = [path for path in self._stamps if path not in stamps]
        changed = [
            path for path, stamp in stamps.items() if stamp is not None and self._stamps.get(path) != stamp
        ]
        again = [path for path in self._faults if path in stamps and path not in changed]
        if not gone and not changed and not again:
            return False
        faults = dict(self._faults)
        for path in gone:
            self._good.pop(path, None)
            self._faults.pop(path, None)
            log.warning("strategy file is gone, nobody is called by it", file=str(path))
        around = self._around(self.versions)
        self._stamps = stamps
        for path in (*changed, *again):
            self._read(path, around)
        if not gone and not changed and self._faults == faults:
            return False
        self.book = self._bound()
        return True

    def versions(self, name: str) -> Collection[str]:
        """The versions of a strategy that have a file, read or not."""
        start = f"{name}.v"
        return [path.stem.removeprefix(start) for path in self._stamps if path.stem.startswith(start)]

    def _read(self, path: Path, around: Surroundings) -> None:
        try:
            reading = read_strategy(path, self._country)
            problems = strategy_problems(reading, around)
            if problems:
                raise InputError(problems)
        except InputError as error:
            known_faults, self._faults[path] = self._faults.get(path), tuple(error.problems)
            if known_faults == self._faults[path]:
                return
            stays = f"version {self._good[path].strategy.version}" if path in self._good else "none"
            log.error("strategy has faults", file=str(path), faults=len(error.problems), stays=stays)
            return
        self._faults.pop(path, None)
        known = self._good[path] = KnownStrategy(reading.strategy, digest_of(reading.strategy))
        log.info("strategy read", strategy=reading.strategy.name, version=known.strategy.version)

    def _bound(self) -> StrategyBook:
        current: dict[str, KnownStrategy] = {}
        others: dict[tuple[str, str], KnownStrategy] = {}
        for path, known in self._good.items():
            name, version = known.strategy.name, known.strategy.version
            if path.name == file_names(name, version)[0]:
                current[name] = known
            else:
                others[name, version] = known
        faults = {
            path.stem: f"the strategy {path.stem} cannot be read: {problems[0]}"
            for path, problems in self._faults.items()
            if path not in self._good
        }
        return StrategyBook(current, others, faults)


def read_checked(
    path: Path, around: Surroundings, country: str = "CN"
) -> tuple[StrategyReading | None, list[Problem]]:
    """A file and its faults; None where its words cannot be read."""
    try:
        reading = read_strategy(path, country)
    except InputError as error:
        return None, list(error.problems)
    return reading, strategy_problems(reading, around)
