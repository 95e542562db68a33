"""Rendering of many prompts ahead of time: what there is to render, and rendering it with bounded effort."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ari_app.dialogue.model import Fragment
from ari_app.errors import SpeechError
from ari_app.ports import Prompts

AT_ONCE = 8
"""Fragments that are asked for at a time; the cache itself bounds how many of them are rendered at once."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """``ready`` of ``wanted`` fragments can be spoken; ``problems`` tells why others cannot, each reason once."""

    wanted: int
    ready: int
    problems: tuple[str, ...] = ()


async def render_all(
    prompts: Prompts, fragments: Iterable[Fragment], done: Callable[[int], None]
) -> BatchReport:
    """Have every fragment ready, going on after failures; ``done`` is told each time how many are behind it.

    What is ready already costs a look into the cache, so that an interrupted run goes on where it stopped.
    """
    wanted = list(dict.fromkeys(fragments))
    problems: dict[str, None] = {}
    ready = behind = 0
    for start in range(0, len(wanted), AT_ONCE):
        batch = wanted[start : start + AT_ONCE]
        results = await asyncio.gather(*(prompts.prepare([one]) for one in batch), return_exceptions=True)
        for result in results:
            if isinstance(result, SpeechError):
                problems[str(result)] = None
            elif isinstance(result, BaseException):
                raise result
            else:
                ready += 1
        behind += len(batch)
        done(behind)
    return BatchReport(len(wanted), ready, tuple(problems))


async def render_batches(
    batches: Sequence[tuple[Prompts, Iterable[Fragment]]], progress: Callable[[int, int], None]
) -> BatchReport:
    """Batches one after the other, each with its own prompts; ``progress`` is told how many are behind it, of how many."""
    lists = [(prompts, list(dict.fromkeys(fragments))) for prompts, fragments in batches]
    total = sum(len(wanted) for _, wanted in lists)
    reports: list[BatchReport] = []
    for prompts, wanted in lists:
        before = sum(report.wanted for report in reports)

        def told(behind: int, before: int = before) -> None:
            progress(before + behind, total)

        reports.append(await render_all(prompts, wanted, told))
    problems = dict.fromkeys(problem for report in reports for problem in report.problems)
    return BatchReport(total, sum(report.ready for report in reports), tuple(problems))
