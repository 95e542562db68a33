"""The simulated floor and its two diallers: the same people for both, nobody in two places, figures that add up."""

from __future__ import annotations

import pytest

from ari_app.bench.pacing import Predictive, best_vicidial, compare
from ari_app.bench.pacing_floor import Answer, FloorNow, People, World, simulate
from ari_app.bench.vicidial_pacing import Vicidial, VicidialSettings, variants
from ari_app.domain.predictive import PacingRules

pytestmark = pytest.mark.pure

WORLD = World(shift_s=900.0)


class OneForEach:
    """One call for each free agent: nobody can be abandoned."""

    def __init__(self) -> None:
        self.log: list[tuple[float, Answer]] = []

    def start(self, floor: FloorNow) -> int:
        assert floor.free + len(floor.talking) + len(floor.wrapping_up) == floor.agents
        assert floor.free == 0 or not floor.waiting
        return max(0, floor.free - len(floor.ringing))

    def rang(self, seconds: float, answer: Answer) -> None:
        self.log.append((seconds, answer))

    def served(self, now: float, *, abandoned: bool) -> None: ...

    def talked(self, seconds: float) -> None: ...

    def wrapped_up(self, seconds: float) -> None: ...


def test_a_call_for_each_free_agent_abandons_nobody_but_those_taken_for_machines() -> None:
    dialler = OneForEach()
    shift = simulate(WORLD, People(WORLD, 1), 4, dialler)
    misjudged = sum(answer is Answer.MISJUDGED for _, answer in dialler.log)
    assert shift.abandoned == misjudged
    assert shift.live >= 10
    assert 0.3 < shift.occupancy < 1.0


def test_the_same_list_is_the_same_people_for_every_dialler() -> None:
    people, again = People(WORLD, 7), People(WORLD, 7)
    simulate(WORLD, people, 3, OneForEach())
    assert [people[number] for number in range(20)] == [again[number] for number in range(20)]
    first = simulate(WORLD, people, 3, Predictive(PacingRules()))
    assert first == simulate(WORLD, again, 3, Predictive(PacingRules()))


def vicidial(**settings: object) -> Vicidial:
    return Vicidial(VicidialSettings(**settings), 3600.0)  # type: ignore[arg-type]


def sampled(dialler: Vicidial, seconds: range, *, free: int, agents: int = 10) -> None:
    for second in seconds:
        talking = dict.fromkeys(range(agents - free), 0.0)
        dialler.start(FloorNow(agents, free, float(second), talking))


def test_the_level_rises_by_the_agents_who_wait_for_calls() -> None:
    dialler = vicidial()
    sampled(dialler, range(1, 15), free=4)
    assert dialler.level == 1.0
    sampled(dialler, range(15, 16), free=4)
    assert dialler.level == pytest.approx(1.4)


def test_the_level_stays_between_one_and_the_highest() -> None:
    high, low = vicidial(maximum_level=3.0), vicidial(dl_diff_target=-1.0)
    sampled(high, range(1, 900), free=10)
    sampled(low, range(1, 900), free=0)
    assert (high.level, low.level) == (3.0, 1.0)


@pytest.mark.parametrize(
    ("method", "level"), [("ADAPT_HARD_LIMIT", 1.0), ("ADAPT_AVERAGE", 3.0 / (0.1 / 0.03))]
)
def test_above_the_drop_limit_the_level_falls(method: str, level: float) -> None:
    dialler = vicidial(method=method)
    sampled(dialler, range(1, 60), free=10)
    for number in range(100):
        dialler.served(59.0, abandoned=number < 10)
    sampled(dialler, range(60, 61), free=10)
    assert dialler.level == pytest.approx(max(1.0, level))


def test_tapered_lets_the_first_half_of_the_shift_run_over() -> None:
    dialler = vicidial(method="ADAPT_TAPERED")
    for number in range(100):
        dialler.served(0.0, abandoned=number < 10)
    sampled(dialler, range(1, 61), free=10)
    assert dialler.level > 2.0
    sampled(dialler, range(3001, 3061), free=10)
    assert dialler.level == 1.0


def test_both_meet_the_same_lists_and_their_figures_stand_side_by_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = [VicidialSettings(), VicidialSettings(method="ADAPT_HARD_LIMIT")]
    monkeypatch.setattr("ari_app.bench.pacing.variants", lambda: few)
    rows = compare(World(shift_s=400.0), [1, 2], 3, PacingRules())
    assert len(rows) == 2
    assert set(rows[0]) == {
        f"pacing.{name}_3"
        for name in (
            "occupancy",
            "abandon",
            "worst_abandon",
            "vicidial_occupancy",
            "vicidial_abandon",
            "vicidial_worst_abandon",
        )
    }
    settings, shifts = best_vicidial(World(shift_s=400.0), [1, 2], 3, 1.0, {})
    assert settings.method in {each.method for each in few}
    assert len(shifts) == 2


def test_variants_try_every_method_and_each_assumption() -> None:
    found = variants()
    assert {each.method for each in found} == {"ADAPT_HARD_LIMIT", "ADAPT_AVERAGE", "ADAPT_TAPERED"}
    assert (
        {each.in_proportion for each in found} == {each.wrap_up_is_active for each in found} == {False, True}
    )
