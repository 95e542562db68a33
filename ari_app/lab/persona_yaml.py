"""Reads personas from YAML. docs/lab.md explains every key; a fault is answered with file, line and what is allowed."""

from __future__ import annotations

import re

from ari_app.lab.effects import LineSettings
from ari_app.lab.persona import (
    FOREVER,
    PATIENCE_S,
    PROMPT_LIMIT_S,
    PROMPT_SILENCE_S,
    Announcement,
    Beep,
    HangUp,
    Interrupt,
    Persona,
    Play,
    Press,
    Repeat,
    Rtp,
    Say,
    Step,
    Wait,
    WaitFor,
    walked,
)
from ari_app.lab.release import Release, parse_release
from ari_app.lab.sounds import BURSTS, NOISES, SOUNDS
from ari_app.lab.yaml_fields import Fields

LANGUAGES = ("zh", "en")
NAME = r"[a-z][a-z0-9_]{0,63}"
_NAME_MEANS = "small letters, digits and _, beginning with a letter"
_FILE = r"[a-z][a-z0-9_]{0,63}(?:\.[a-z0-9_]{1,16})?"
_FILE_MEANS = "the name of a WAV file without .wav, such as switched_off.zh"
_KEYS = re.compile(r"(?:[0-9*#A-D]|\{tail\}|\{wrong\})+")
_KEYS_MEAN = (
    "keys 0-9, *, #, A-D, {tail} (the last four digits of the number dialled) or {wrong} (four others)"
)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
STEP_NAMES = ("wait", "say", "press", "interrupt", "beep", "play", "repeat", "hangup")
_STEPS = ", ".join(STEP_NAMES)
_WORDS: dict[str, Step] = {"hangup": HangUp(), "beep": Beep()}
_LONGEST_RING = 300.0
_LONGEST_WAIT = 600.0
_MOST_STEPS = 100
_MOST_TIMES = 1_000
_DEEPEST = 3
_TEXT_KEYS = ("about", "language", "greeting")
_CALL_KEYS = (
    "ring",
    "answer",
    "announce",
    "reject",
    "then",
    "rtp",
    "beep",
    "steps",
    "silence",
    "patience",
    "line",
)
PERSONA_KEYS = (*_TEXT_KEYS, *_CALL_KEYS, "black_hole")


def read_personas(fields: Fields) -> dict[str, Persona]:
    """All personas of the mapping ``personas:``; problems go where the fields collect them."""
    found: dict[str, Persona] = {}
    for name in fields.keys():  # noqa: SIM118 - Fields is no mapping
        if re.fullmatch(NAME, name) is None:
            fields.fault(name, "this is no name of a persona", _NAME_MEANS)
            continue
        found[name] = _persona(name, fields.nested(name, "a persona: " + ", ".join(PERSONA_KEYS)))
    return found


def _persona(name: str, fields: Fields) -> Persona:
    before = len(fields.problems)
    language = fields.text("language", "en", one_of=LANGUAGES)
    reject = _release(fields, "reject")
    announce = _announcement(fields, language)
    then = fields.nested("then", "what follows the announcement: {reject: 480}")
    if "then" in fields:
        if announce is None:
            fields.fault("then", "nothing comes before it", "then follows an announce")
        reject = _release(then, "reject") or reject
        then.finish()
    rtp = Rtp(fields.text("rtp", "silence", one_of=[each.value for each in Rtp]))
    pause = fields.number("silence", PROMPT_SILENCE_S, 0.1, 10.0)
    steps = [*_greeting(fields, language), *_steps(fields, "steps", language, pause)]
    black_hole = fields.flag("black_hole", False)
    released = reject is not None or announce is not None or black_hole
    ring = _ring(fields, 0.0 if released else 1.0)
    persona = Persona(
        name=name,
        language=language,
        about=fields.text("about"),
        ring=ring,
        answer=fields.flag("answer", not released and ring != FOREVER),
        announce=announce,
        reject=reject,
        rtp=rtp,
        steps=tuple(steps),
        patience=fields.number("patience", PATIENCE_S, 0.0, _LONGEST_WAIT),
        black_hole=black_hole,
        line=_line(fields),
    )
    fields.finish(PERSONA_KEYS)
    if len(fields.problems) == before:
        _check_sense(persona, fields)
    return persona


def _check_sense(persona: Persona, fields: Fields) -> None:
    """What each key allows by itself may still not go together."""
    if persona.black_hole and len(fields.keys()) > 1 + ("about" in fields):
        fields.fault(
            "black_hole", "nothing else happens on a trunk that never replies", "black_hole: true alone"
        )
    elif persona.answer and (persona.reject is not None or persona.rings_for_ever):
        fields.fault(
            "answer", "a call that is answered is neither rejected nor does it ring for ever", "answer: false"
        )
    elif persona.steps and not persona.answer:
        fields.fault("steps", "nobody answers, so nobody does anything", "steps of a persona that answers")
    elif persona.rtp is Rtp.NONE and (
        persona.texts() or any(isinstance(step, Play) for step in walked(persona.steps))
    ):
        fields.fault(
            "rtp", "a line that sends nothing cannot speak", "rtp: silence, or steps without say and play"
        )
    elif persona.rtp is Rtp.NONE and persona.line is not None:
        fields.fault("line", "a line that sends nothing has no sound to change", "rtp: silence, or no line")


def _release(fields: Fields, key: str) -> Release | None:
    value = fields.take(key)
    if key not in fields:
        return None
    try:
        return parse_release(value)
    except ValueError as error:
        fields.fault(
            key, f"{str(value)[:60]!r} is no way to release a call", str(error).removeprefix("allowed: ")
        )
        return None


def _ring(fields: Fields, default: float) -> float:
    if fields.take("ring") == "forever":
        return FOREVER
    return fields.number("ring", default, 0.0, _LONGEST_RING)


def _announcement(fields: Fields, language: str) -> Announcement | None:
    value = fields.take("announce")
    if "announce" not in fields:
        return None
    if isinstance(value, str):
        return Announcement(file=fields.text("announce", pattern=_FILE, means=_FILE_MEANS))
    inner = fields.nested("announce", "the name of a WAV file, or {file: ...} or {text: ..., language: zh}")
    found = Announcement(
        file=inner.text("file", pattern=_FILE, means=_FILE_MEANS),
        text=inner.text("text"),
        language=inner.text("language", language, one_of=LANGUAGES),
        times=int(inner.number("times", 2, 1, 20)),
        pause=inner.number("pause", 0.5, 0.0, 10.0),
    )
    inner.finish()
    if bool(found.file) == bool(found.text):
        inner.fault("", "either file or text is wanted", "{file: NAME} or {text: ...}")
    return found


def _greeting(fields: Fields, language: str) -> list[Step]:
    """``greeting`` and ``beep`` of a persona stand for the steps of an answering machine."""
    steps: list[Step] = []
    if "greeting" in fields:
        steps.append(_say(fields, "greeting", language))
    if fields.flag("beep", False):
        steps.append(Beep())
    return steps


def _line(fields: Fields) -> LineSettings | None:
    """What the line does to all that is sent over it."""
    if "line" not in fields:
        return None
    inner = fields.nested("line", "{gain: 30, clip: -6, dc: 0.05, noise: pink, level: -45, loss: 0.1}")
    found = LineSettings(
        gain=inner.number("gain", 0.0, -40.0, 60.0),
        clip=inner.number("clip", 0.0, -40.0, 0.0),
        dc=inner.number("dc", 0.0, -0.5, 0.5),
        noise=inner.text("noise", one_of=NOISES),
        noise_level=inner.number("level", -45.0, -90.0, -6.0),
        loss=inner.number("loss", 0.0, 0.0, 0.9),
    )
    inner.finish()
    return found


def _steps(fields: Fields, key: str, language: str, pause: float, depth: int = 1) -> list[Step]:
    steps: list[Step] = []
    for path, item in fields.items(key, f"steps ({_STEPS})", _MOST_STEPS):
        if isinstance(item, str) and item in _WORDS:
            steps.append(_WORDS[item])
            continue
        step = _step(
            Fields(fields.document, path, item, fields.problems, f"one step: {_STEPS}"),
            language,
            pause,
            depth,
        )
        if step is not None:
            steps.append(step)
    return steps


def _step(fields: Fields, language: str, pause: float, depth: int) -> Step | None:
    keys = fields.keys()
    if len(keys) != 1:
        if keys:
            fields.fault("", f"a step with {len(keys)} keys", f"one of {_STEPS}")
        return None
    match keys[0]:
        case "wait":
            return _wait(fields, pause)
        case "say":
            return _say(fields, "say", language)
        case "press":
            return _press(fields, "press")
        case "interrupt":
            return _interrupt(fields, language)
        case "beep":
            inner = fields.nested("beep", "{hertz: 1000, seconds: 0.4}")
            beep = Beep(
                inner.number("hertz", 1000.0, 100.0, 3400.0), inner.number("seconds", 0.4, 0.05, 10.0)
            )
            inner.finish()
            return beep
        case "play":
            return _play(fields)
        case "repeat":
            return _repeat(fields, language, pause, depth)
        case other:
            fields.fault(other, "no such step", _STEPS)
            return None


def _play(fields: Fields) -> Play:
    if isinstance(fields.take("play"), str):
        return Play(fields.text("play", one_of=SOUNDS))
    inner = fields.nested("play", "the name of a sound, or {sound: pink, level: -40, seconds: 10}")
    found = Play(
        inner.text("sound", required=True, one_of=SOUNDS),
        inner.number("level", -30.0, -70.0, -6.0),
        inner.number("seconds", 1.0, 0.02, 120.0),
    )
    if found.sound in BURSTS and "seconds" in inner:
        inner.fault("seconds", f"a {found.sound} has a length of its own", f"seconds of {', '.join(NOISES)}")
    inner.finish()
    return found


def _repeat(fields: Fields, language: str, pause: float, depth: int) -> Repeat | None:
    if depth >= _DEEPEST:
        fields.fault("repeat", "repetitions stand too deep inside each other", f"at most {_DEEPEST - 1}")
        return None
    inner = fields.nested("repeat", "{times: 10, steps: [...]}")
    times = int(inner.number("times", 1, 1, _MOST_TIMES))
    steps = _steps(inner, "steps", language, pause, depth + 1)
    if not steps and "steps" not in inner:
        inner.fault("", "the key steps is missing", f"a list of steps ({_STEPS})")
    inner.finish()
    return Repeat(times, tuple(steps))


def _span(fields: Fields, key: str, default: float, high: float) -> tuple[float, float]:
    """A length in seconds, or ``[shortest, longest]`` of which one is drawn in each call: (low, high or 0)."""
    value = fields.take(key)
    if not isinstance(value, list):
        return fields.number(key, default, 0.0, high), 0.0
    right = len(value) == 2 and all(
        isinstance(each, int | float) and not isinstance(each, bool) and 0.0 <= each <= high for each in value
    )
    if not right or value[0] >= value[1]:
        fields.fault(
            key, f"{str(value)[:40]} is no span", f"[shortest, longest] in seconds from 0 to {high:g}"
        )
        return default, 0.0
    return float(value[0]), float(value[1])


def _wait(fields: Fields, pause: float) -> Wait:
    words = ("prompt", "speech", "end")
    value = fields.take("wait")
    if isinstance(value, str):
        return Wait(
            WaitFor(fields.text("wait", "prompt", one_of=words)), silence=pause, limit=_limit_of(value)
        )
    inner = fields.nested(
        "wait", "prompt, speech, end, {seconds: 2} or {for: prompt, silence: 0.6, limit: 60}"
    )
    if "seconds" in inner:
        seconds, upto = _span(inner, "seconds", 1.0, _LONGEST_WAIT)
        found = Wait(WaitFor.SECONDS, seconds=seconds, upto=upto)
    else:
        name = inner.text("for", "prompt", required=True, one_of=words)
        found = Wait(
            WaitFor(name),
            silence=inner.number("silence", pause, 0.1, 10.0),
            limit=inner.number("limit", _limit_of(name), 0.1, _LONGEST_WAIT),
        )
    inner.finish()
    return found


def _limit_of(name: str) -> float:
    return PATIENCE_S if name == "end" else PROMPT_LIMIT_S


def _say(fields: Fields, key: str, language: str) -> Say:
    if isinstance(fields.take(key), str):
        return Say(_spoken(fields, key), language)
    inner = fields.nested(key, "a text, or {text: ..., language: en, level: -20, noise: -50, speed: 1.0}")
    found = Say(
        _spoken(inner, "text"),
        inner.text("language", language, one_of=LANGUAGES),
        inner.optional_number("level", -60.0, 0.0),
        inner.optional_number("noise", -90.0, 0.0),
        inner.number("speed", 1.0, 0.5, 2.0),
    )
    inner.finish()
    return found


def _spoken(fields: Fields, key: str) -> str:
    text = fields.text(key, required=True)
    for found in _PLACEHOLDER.findall(text):
        if found not in ("{tail}", "{wrong}"):
            fields.fault(key, f"{found[:40]} is no placeholder", "{tail}, {wrong}")
    return text


def _press(fields: Fields, key: str) -> Press:
    keys = fields.text(key, required=True, pattern=_KEYS.pattern, means=_KEYS_MEAN, longest=64)
    return Press(keys)


def _interrupt(fields: Fields, language: str) -> Interrupt:
    inner = fields.nested("interrupt", "{after: 1.0, say: ...} or {after: 1.0, press: ...}")
    after, upto = _span(inner, "after", 1.0, 60.0)
    limit = inner.number("limit", PROMPT_LIMIT_S, 0.1, _LONGEST_WAIT)
    if ("say" in inner) == ("press" in inner):
        inner.fault("", "an interruption is either spoken or keyed", "say or press")
        inner.finish(("say", "press"))
        return Interrupt(after, Press("0"), limit, upto)
    action = _say(inner, "say", language) if "say" in inner else _press(inner, "press")
    inner.finish()
    return Interrupt(after, action, limit, upto)
