"""Structured logs in which no customer can be recognised.

Every record, ours and those of third parties, passes :func:`withhold` and :func:`mask` before it is
rendered: telephone numbers keep their last two digits, names lose everything but the honorific, and values
under a key that speaks of a person or a secret are left out. Identifiers are bound by context
(:func:`bound_ids`), so that each line of a call carries its attempt.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import TextIO
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor

#: Keys whose value never stands in a log.
DENIED_KEYS = frozenset(
    {
        *("name", "fullname", "customer_name", "display_name", "first_name", "last_name", "agent_name"),
        *("contact_name", "debtor_name", "caller_name", "person_name", "id_card", "bank_card", "address"),
        *("email", "body", "content", "payload", "message_body", "speech", "audio", "said", "heard"),
        *("api_key", "private_key"),
    }
)
#: Words that deny every key of which they are a part (``ami_secret``, ``transcript_line``).
DENIED_PARTS = frozenset(
    {
        *("authorization", "credential", "credentials", "passwd", "password", "secret", "secrets"),
        *("sentence", "text", "token", "transcript", "transcripts", "utterance"),
    }
)

#: Keys written by this module, whose digits are not a person's.
_OWN_KEYS = frozenset({"timestamp", "level", "logger", "withheld"})

#: Integers under such keys are measures, not telephone numbers.
_MEASURES = ("_bytes", "_ns", "_us", "_ms", "_s", "_seconds", "_count", "_total", "_rows", "_frames", "_pid")

#: Third parties that write what they carry (ARI events, AMI actions, transcripts) at DEBUG and INFO.
_TALKATIVE = (
    *("websockets", "panoramisk", "apscheduler", "aiohttp", "httpx", "httpcore", "edge_tts"),
    *("faster_whisper", "huggingface_hub", "asyncio", "filelock", "phonenumbers"),
)

_DEEPEST = 6
_LONGEST = 2000

# Shapes that hold many digits and are no telephone number. They are tried before a number is.
_UUID = r"(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9A-Za-z])"
# att-<20 hexadecimal digits> and its like; with one letter at least, so that no long number passes for one.
_OUR_ID = r"(?<![0-9A-Za-z])[a-z]{2,8}-(?=\d*[a-f])[0-9a-f]{20}(?![0-9A-Za-z])"
_INSTANT = (
    r"(?<!\d)(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"
    r"(?:[T ](?:[01]\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:Z|[+-][01]\d:?[0-5]\d)?(?!\d))?"
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"(?<![\d.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.])"

# What people put between the digits of a number: blanks (also unbreakable and invisible ones), hyphens and
# dashes, dots, slashes, brackets, in ASCII and full width. \d takes the digits of every script.
_BETWEEN = r"[\s\-()./_~·\u2010-\u2015\u2212\u200b-\u200f\u2060\ufeff\uff0d\uff0e\uff0f\uff08\uff09]"
_NUMBER = rf"[+\uff0b]?\d(?:{_BETWEEN}{{0,3}}\d){{6,}}"
_DIGITS = re.compile(rf"(?P<keep>{_UUID}|{_OUR_ID}|{_INSTANT}|{_IPV4})|(?P<number>{_NUMBER})", re.IGNORECASE)

_SIP_DISPLAY = re.compile(r'"[^"\r\n]*"(?=\s*<sips?:)', re.IGNORECASE)
_ZH_PERSON = re.compile(r"[\u4e00-\u9fff]{1,4}(?=先生|女士|小姐|太太)")
_EN_PERSON = re.compile(r"\b(Mr|Mrs|Ms|Miss|Dr)(\.?)\s+[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*){0,2}")

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def mask_number(number: str) -> str:
    """``+8613800138000`` -> ``***00``: enough to tell two lines apart, too little to call or to verify by."""
    digits = [char for char in number if char.isdecimal()]
    return "***" + "".join(digits[-2:]) if len(digits) > 4 else "***"


def mask_name(name: str) -> str:
    """``张三`` -> ``张*``, ``Zhang San`` -> ``Z*``; for tables that a person looks at, never for logs."""
    name = name.strip()
    return f"{name[0]}*" if name else ""


def mask_text(text: str) -> str:
    """The text without telephone numbers and recognisable names; identifiers, instants and IPv4 stay."""
    text = _DIGITS.sub(lambda hit: hit["keep"] or mask_number(hit["number"]), text)
    text = _SIP_DISPLAY.sub('"***"', text)
    text = _ZH_PERSON.sub("*", text)
    return _EN_PERSON.sub(r"\1\2 ***", text)


def _one_line(text: str) -> str:
    """Control characters escaped: a log line cannot be forged, a terminal cannot be steered."""
    return _CONTROL.sub(lambda hit: f"\\x{ord(hit[0]):02x}", text)


def _denied(key: str) -> bool:
    key = key.casefold().replace("-", "_")
    return key in DENIED_KEYS or not DENIED_PARTS.isdisjoint(key.split("_"))


def _mask_value(key: str, value: object, depth: int) -> object:
    """The value, fit to be rendered; unknown types become their masked representation."""
    if depth > _DEEPEST:
        return "(too deep)"
    match value:
        case None | bool():
            return value
        case Enum():
            return _mask_value(key, value.value, depth + 1)
        case int():
            return value if abs(value) < 1_000_000 or key.endswith(_MEASURES) else mask_number(str(value))
        case float():
            whole = value.is_integer() and abs(value) >= 1_000_000 and not key.endswith(_MEASURES)
            return mask_number(str(int(value))) if whole else value
        case str():
            return _one_line(mask_text(value[:_LONGEST]))
        case bytes() | bytearray() | memoryview():
            return f"({len(value)} bytes)"
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Mapping():
            return {
                _one_line(mask_text(str(k))): _mask_value(str(k), v, depth + 1)
                for k, v in value.items()
                if not _denied(str(k))
            }
        case list() | tuple() | set() | frozenset():
            return [_mask_value(key, part, depth + 1) for part in value]
        case PurePath():
            return _one_line(mask_text(str(value)))
        case _:
            return _one_line(mask_text(str(value) if isinstance(value, BaseException) else repr(value)))


def withhold(_: object, __: str, event_dict: EventDict) -> EventDict:
    """Structlog processor: leave out the values of denied keys and say which keys they were."""
    denied = sorted(key for key in event_dict if _denied(key))
    for key in denied:
        del event_dict[key]
    if denied:
        event_dict["withheld"] = denied
    return event_dict


def mask(_: object, __: str, event_dict: EventDict) -> EventDict:
    """Structlog processor: mask numbers and names in every key and value."""
    masked: dict[str, object] = {}
    for key, value in event_dict.items():
        if key in _OWN_KEYS:
            masked[key] = value
        elif key in ("exception", "stack") and isinstance(value, str):
            masked[key] = mask_text(value)  # several lines on purpose; Python wrote the line breaks
        else:
            masked[_one_line(mask_text(key))] = _mask_value(key, value, 0)
    return masked


@contextmanager
def bound_ids(**ids: str) -> Iterator[None]:
    """Bind identifiers (``attempt_id=...``) to every record of this context and of tasks begun in it."""
    with structlog.contextvars.bound_contextvars(**ids):
        yield


class _OurHandler(logging.StreamHandler[TextIO]):
    """The one handler of this product; its type tells it from those of others (pytest's, an embedder's)."""


def configure_logging(level: str = "INFO", json: bool = False, stream: TextIO | None = None) -> None:
    """Send all logs, masked, to ``stream`` (standard error), as JSON lines or for the eye.

    Called by the command line once; calling again replaces what the last call set. Raises ValueError for an
    unknown level.
    """
    threshold = logging.getLevelNamesMapping().get(level.upper())
    if threshold is None:
        raise ValueError(f"unknown log level {level!r}; allowed: DEBUG, INFO, WARNING, ERROR, CRITICAL")
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    target = stream or sys.stderr
    colours = not json and target.isatty()
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)
    )
    handler = _OurHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                withhold,
                mask,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _OurHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(threshold)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


__all__ = [
    "DENIED_KEYS",
    "DENIED_PARTS",
    "bound_ids",
    "configure_logging",
    "mask",
    "mask_name",
    "mask_number",
    "mask_text",
    "withhold",
]
