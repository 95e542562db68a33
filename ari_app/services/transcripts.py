"""Transcripts as files: one JSON object a line, beside the recordings."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ari_app.domain.attempt import Turn


def turn_object(turn: Turn) -> dict[str, object]:
    """A turn as JSON has it.

    Keys: speaker (bot, customer), kind (prompt, speech, keys, silence), text, start_s and end_s of call time, confidence,
    engine, interrupted, covers, and timing: the latency ledger of a prompt that answers something, else null.
    """
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in asdict(turn).items()
    }


def write_transcript(folder: Path, attempt_id: str, disposition: str, turns: Sequence[Turn]) -> str:
    """Write ``folder/ATTEMPT.jsonl`` whole or not at all; returns its path.

    The first line tells attempt and disposition; then one line a turn: see :func:`turn_object`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{attempt_id}.jsonl"
    partial = path.with_suffix(".partial")
    lines = [json.dumps({"attempt_id": attempt_id, "disposition": disposition})]
    lines += [json.dumps(turn_object(turn), ensure_ascii=False) for turn in turns]
    try:
        # What no UTF-8 can hold (half a surrogate pair from an engine) stays readable as its escape.
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write("\n".join(lines) + "\n")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return str(path)
