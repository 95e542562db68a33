"""Who answered, and what was told before: a labelled corpus, without calls and on real ones beside ``AMD()``."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ari_app.bench.early_corpus import EarlyClip, early_clips
from ari_app.bench.progress_calls import on_calls
from ari_app.bench.progress_corpus import Clip, Corpus
from ari_app.bench.progress_score import NOBODY, Judged, confusion, said, scores
from ari_app.bench.report import BenchReport, machine_facts
from ari_app.config import Settings
from ari_app.services.announcement_files import read_announcements
from ari_app.services.answer_watch import AnswerWatch
from ari_app.services.keyword_watch import KeywordWatch
from ari_app.services.progress_files import Known, read_known
from ari_app.speech.espeak import EspeakVoice
from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser
from ari_app.voice.answering_machine import AnsweringMachineDetector
from ari_app.voice.pcm import FRAME_S
from ari_app.voice.progress import EarlyMediaListener
from ari_app.voice.vad import SpeechGate

Say = Callable[[str], None]
_METHOD = (
    "{clips} clips of voices and texts that were never used for tuning (60 % people, 34 % machines, assistants, menus and"
    " fax, 6 % nobody; a quarter of machines and half of assistants play a recording that the folder knows), offline and"
    " without recogniser: progress.balanced_accuracy, human_as_machine, verdict_p50_ms (the verdict that stands at the end,"
    " time from the answer to it). {calls} of the clips with somebody on real calls over SIP and RTP, each once to our"
    " detector (with pocketsphinx on English words: progress.call_*) and once to Asterisk's AMD() with the sample amd.conf"
    " (progress.app_amd_*; NOTSURE is no verdict); the two sides of a clip run at the same time. early_accuracy: {early}"
    " clips of early media, offline, right when the last thing heard is what the clip is"
)


class Speaker:
    """espeak-ng in any of its voices, each sentence rendered once."""

    def __init__(self) -> None:
        self._voices: dict[tuple[str, int], EspeakVoice] = {}
        self._kept: dict[tuple[str, str, str, int], bytes] = {}

    async def __call__(self, text: str, language: str, voice: str, pace: int) -> bytes:
        key = (text, language, voice, pace)
        if key not in self._kept:
            speaker = self._voices.setdefault(
                (voice, pace), EspeakVoice(words_per_minute=pace, voices={language: voice})
            )
            self._kept[key] = await speaker.synthesise(text, language)
        return self._kept[key]


async def bench_progress(
    *,
    clips: int = 700,
    early: int = 130,
    calls: int = 40,
    at_once: int = 10,
    part: str = "held_out",
    seed: int = 1,
    progress: Say | None = None,
) -> dict[str, object]:
    """Measure, and return the object that ``ari-app bench progress --json`` prints.

    :param clips: clips of the corpus, offline; :param early: clips of early media; :param calls: clips on real calls
    (0: none), each twice; :param part: ``held_out`` or ``tuning``.
    :raises AsteriskMissing, BootFailed: no Asterisk here; SpeechError: no espeak-ng.
    """
    say = progress or (lambda line: None)
    dialplan = Settings().dialplan_dir
    known = await asyncio.to_thread(read_known, dialplan)
    recordings = await asyncio.to_thread(read_announcements, dialplan / "announcements")
    corpus = Corpus(part, Speaker(), recordings, seed)
    say(f"making {clips} clips")
    made = await corpus.clips(clips)
    say(f"making {early} clips of early media")
    before = await early_clips(corpus, known.tones, early)
    judged = await asyncio.to_thread(offline, made, known)
    report = BenchReport("progress", machine_facts(["numpy", "webrtcvad-wheels"]))
    report.metrics |= scores(judged, "progress.")
    matrix = confusion(judged)
    for line in said(matrix):
        say(line)
    wrong = await asyncio.to_thread(early_faults, before, known)
    report.metrics["progress.early_accuracy"] = 1.0 - len(wrong) / len(before)
    details: dict[str, object] = {"confusion": matrix, "early_faults": dict(Counter(wrong))}
    if calls:
        chosen = [clip for clip in made if clip.label != NOBODY][:calls]
        ours, theirs = await _calls(chosen, known, at_once, say)
        report.metrics |= scores(ours, "progress.call_") | scores(theirs, "progress.app_amd_")
        details |= {"call_confusion": confusion(ours), "app_amd_confusion": confusion(theirs)}
    report.method = _METHOD.format(clips=len(made), calls=calls, early=len(before))
    return report.to_dict() | details


def offline(clips: Sequence[Clip], known: Known) -> list[Judged]:
    """Our detector on every clip."""
    return [_judge(clip, known) for clip in clips]


def _judge(clip: Clip, known: Known) -> Judged:
    detector = AnsweringMachineDetector(references=known.references)
    verdict, at = "", None
    for number, frame in enumerate(clip.frames, 1):
        found = None if frame is None else detector.push(frame, number * FRAME_S)
        if found is not None:
            verdict, at = found.value, number * FRAME_S
    return Judged(clip.label, verdict, at)


def early_faults(clips: Sequence[EarlyClip], known: Known) -> list[str]:
    """The kind of every clip of early media of which something else was heard in the end, and that."""
    faults: list[str] = []
    for clip in clips:
        listener = EarlyMediaListener(known.references, known.tones.of(clip.country))
        ended = next((meaning for frame in clip.frames if (meaning := listener.push(frame))), None)
        heard = ended or (listener.heard[-1] if listener.heard else "")
        if heard != clip.wanted:
            faults.append(f"{clip.kind} {clip.country}: {heard or 'nothing'} for {clip.wanted or 'nothing'}")
    return faults


async def _calls(
    clips: Sequence[Clip], known: Known, at_once: int, say: Say
) -> tuple[list[Judged], list[Judged]]:
    recogniser = PocketSphinxRecogniser()

    def detector(clip: Clip) -> AnswerWatch:
        words = None
        if recogniser.supports(clip.language):
            words = KeywordWatch(lambda _: recogniser, clip.language, SpeechGate(), answered=True)
        return AnswerWatch(AnsweringMachineDetector(references=known.references), words)

    try:
        if recogniser.supports("en"):
            await recogniser.warm_up(60.0)
        with tempfile.TemporaryDirectory(prefix="ari-app-bench-") as name:
            return await on_calls(Path(name), clips, detector, at_once=at_once, say=say)
    finally:
        await recogniser.close()
