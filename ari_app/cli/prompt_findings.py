"""What ``ari-app prompts check`` finds: every prompt of every flow, and every recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from ari_app.dialogue.flow_prompts import prompt_ids
from ari_app.services.flow_files import FlowDirectory
from ari_app.speech.prompt_cache import StyledPrompts
from ari_app.speech.prompt_settings import Origin
from ari_app.speech.recorded_prompts import recordings_of
from ari_app.speech.recording_check import recording_faults, stray_files

NOT_USED = "not used"


@dataclass(frozen=True, slots=True)
class Finding:
    """One prompt in one language, or one file that no prompt uses.

    ``where`` is file and line of the words, ``flow`` the flow or the part that they belong to.
    """

    where: str
    flow: str
    prompt_id: str
    language: str
    origin: str
    words: str = ""
    faults: tuple[str, ...] = ()

    def as_object(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self) | {"faults": list(self.faults)}


async def findings(
    flows: FlowDirectory,
    names: Sequence[str],
    languages: Sequence[str],
    prompts: StyledPrompts,
    recordings: Path,
    today: date,
) -> list[Finding]:
    """Every prompt of the flows ``names``, then every file of ``recordings`` that no prompt of any flow uses.

    What several flows say by way of a part is told once, since it is recorded once. Raises ConfigError for a
    flow that is not there.
    """
    await prompts.look_at_recordings()
    files = recordings_of(recordings)
    found: list[Finding] = []
    told: set[tuple[str, str]] = set()
    for name in names:
        flow = flows.flow(name)
        for language in languages:
            if language not in flow.languages:
                continue
            # A sentence in this language may stand in a call in another one ("for English, press eight").
            fragments = [
                fragment
                for of_call in flow.languages
                for fragment in flows.shared_prompts(name, of_call, today)
                if fragment.language == language
            ]
            places = {prompt_id: (where, words) for prompt_id, where, words in prompt_ids(flow, language)}
            for fragment in fragments:
                prompt_id = fragment.prompt_id
                if prompt_id not in places or (language, prompt_id) in told:  # the first: a day, the company
                    continue
                told.add((language, prompt_id))
                where, words = places[prompt_id]
                owner = prompt_id.partition(".")[0]
                faults: list[str] = []
                origin = await prompts.origin(fragment)
                recording = files.get((language, prompt_id))
                if recording is not None:
                    try:
                        faults = recording_faults(recording.path.read_bytes(), words, language)
                    except OSError as error:
                        faults = [f"cannot be read: {error.strerror or error}"]
                elif origin is Origin.MISSING:
                    faults = ["missing: not recorded, not rendered yet"]
                found.append(
                    Finding(
                        where,
                        owner if owner in flow.parts else name,
                        prompt_id,
                        language,
                        origin.value,
                        words,
                        tuple(faults),
                    )
                )
    return found + _strays(flows, recordings)


def _strays(flows: FlowDirectory, recordings: Path) -> list[Finding]:
    known: set[tuple[str, str]] = set()
    for name in flows.names:
        flow = flows.flow(name)
        for language in flow.languages:
            known |= {(language, prompt_id) for prompt_id, _, _ in prompt_ids(flow, language)}
    if not recordings.is_dir():
        return []
    return [
        Finding(str(path), "", path.stem[:100], path.parent.name[:20], NOT_USED, faults=(fault,))
        for path, fault in stray_files(recordings, known)
    ]
