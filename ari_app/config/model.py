"""Every setting, with its meaning, its default and its limits."""

from __future__ import annotations

import os
import re
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from ari_app.config.alerts import AlertSettings
from ari_app.config.api import ApiSettings
from ari_app.config.caller_ids import CallerIdSettings
from ari_app.config.follow_up import CaseSettings, DisputeSettings, ServiceSettings
from ari_app.config.messages import MessageSettings
from ari_app.config.payments import PaymentSettings
from ari_app.config.promises import PromiseSettings
from ari_app.config.webhooks import WebhookSettings
from ari_app.domain.compliance import zone_of
from ari_app.domain.voice_style import EDGE, voice_choice
from ari_app.services.model_problems import RefusedError

_ENDPOINT = re.compile(r"[A-Za-z][A-Za-z0-9]*/[A-Za-z0-9_@:/.\-]*\{number\}[A-Za-z0-9_@:/.\-]*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")

#: A size (small, large-v3) or a repository (OWNER/NAME).
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,95}(/[A-Za-z0-9][A-Za-z0-9_.\-]{0,95})?")

Language = Literal["zh", "en"]
#: The tones of a call follow from its number.
AUTO = "auto"
RecogniserName = Literal["faster-whisper", "pocketsphinx", "funasr"]
VoiceName = Literal["espeak-ng", "edge-tts"]


def _plain_text(text: str) -> str:
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
        raise RefusedError("holds control characters", "one line of text")
    return text


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise RefusedError("is not a name", "letters, digits, _ . - and at most 64 of them")
    return text


def _zone(name: str) -> str:
    if zone_of(name) is None:
        raise RefusedError("is not a known time zone", "an IANA name such as Asia/Shanghai")
    return name


def _country(code: str) -> str:
    if code.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise RefusedError("is not a country", "two letters of ISO 3166-1, such as CN")
    return code.upper()


def _tones(code: str) -> str:
    return code if code == AUTO else _country(code)


def _currency(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise RefusedError("is not a currency", "three capital letters of ISO 4217, such as CNY")
    return code


def _url(schemes: tuple[str, ...]) -> AfterValidator:
    def check(text: str) -> str:
        allowed = f"{' or '.join(schemes)}://HOST:PORT"
        try:
            parts = urlsplit(text)
            port_ok = parts.port is None or 0 < parts.port < 65536
        except ValueError:
            raise RefusedError("is not a URL", allowed) from None
        if parts.scheme not in schemes or not parts.hostname or not port_ok:
            raise RefusedError("is not a URL of the right kind", allowed)
        if parts.username or parts.password:
            raise RefusedError(
                "carries a user or password", f"{allowed}; credentials have settings of their own"
            )
        if parts.query or parts.fragment or any(ord(sign) <= 32 for sign in text):
            raise RefusedError("has more than host, port and path", allowed)
        return text.rstrip("/")

    return AfterValidator(check)


def _endpoint(text: str) -> str:
    if text.count("{") != 1 or not _ENDPOINT.fullmatch(text):
        raise RefusedError(
            "is not an endpoint template", "TECHNOLOGY/..., with {number} once: PJSIP/{number}@trunk"
        )
    return text


def _prefix(text: str) -> str:
    if not re.fullmatch(r"\+[0-9]{0,14}", text):
        raise RefusedError(
            "is not a prefix of an E.164 number", '"+" for every number, or "+86", "+8610" ...'
        )
    return text


def _edge_speaker(name: str) -> str:
    try:
        choice = voice_choice(name)
    except ValueError as error:
        raise RefusedError(str(error), "such as zh-CN-XiaoxiaoNeural or en-US-AriaNeural") from error
    if choice.engine != EDGE or not choice.speaker:
        raise RefusedError("is not a speaker of edge-tts", "such as zh-CN-XiaoxiaoNeural or en-US-AriaNeural")
    return name


def _here(path: Path) -> Path:
    if any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or 0xD800 <= ord(sign) < 0xE000 for sign in str(path)):
        raise RefusedError("holds control characters or bytes that are no text", "a path in UTF-8")
    return path.expanduser().absolute()


def _whisper_model(text: str) -> str:
    """A folder as an absolute path, or the name of a model as it is."""
    folder = _here(Path(text))
    if not text.startswith(("/", ".", "~")) and _MODEL_NAME.fullmatch(text) and not folder.is_dir():
        return text
    return str(folder)


Text = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain_text)]
Name = Annotated[str, AfterValidator(_name)]
LocalPath = Annotated[Path, AfterValidator(_here)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:\-]{1,253}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Section(BaseModel):
    """A part of the settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


class CompanySettings(Section):
    """Who is calling."""

    name: Text = Field("本公司", description="How the caller introduces itself, in the default language")
    name_en: Text = Field("our company", description="The same, in English")


class DefaultSettings(Section):
    """What holds where a list says nothing."""

    country: Annotated[str, AfterValidator(_country)] = Field(
        "CN", description="Country of numbers without a country code"
    )
    language: Language = Field("zh", description="Language of customers whose row names none")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "Asia/Shanghai", description="Time zone of campaigns whose strategy names none"
    )
    currency: Annotated[str, AfterValidator(_currency)] = Field(
        "CNY", description="Currency of rows that name none"
    )


class AriSettings(Section):
    """Asterisk REST Interface: commands and events over one socket."""

    url: Annotated[str, _url(("http", "https"))] = Field(
        "http://127.0.0.1:8088", description="Address of Asterisk's HTTP server (http.conf)"
    )
    user: Name = Field("ari-app", description="ARI user (ari.conf)")
    password: SecretStr | None = Field(None, description="Its password")
    password_file: LocalPath | None = Field(
        None, description="A file with the password, instead of `password`"
    )
    app: Name = Field("ari-app", description="Name of the Stasis application")
    request_timeout_s: float = Field(5.0, gt=0, le=60, description="How long one request may take")


class AmiSettings(Section):
    """Asterisk Manager Interface: recordings with separate legs, trunk state, reload."""

    host: Host = Field("127.0.0.1", description="Host of AMI (manager.conf)")
    port: Port = Field(5038, description="Port of AMI")
    user: Name = Field("ari-app", description="AMI user")
    secret: SecretStr | None = Field(None, description="Its secret")
    secret_file: LocalPath | None = Field(None, description="A file with the secret, instead of `secret`")


class MediaSettings(Section):
    """The sound of calls."""

    url: Annotated[str, _url(("ws", "wss"))] | None = Field(
        None, description="Base of the media sockets; made from `ari.url` when not given"
    )


class RecordingSettings(Section):
    """Recordings, two legs apart."""

    dir: LocalPath | None = Field(
        None, description="Where finished recordings lie; `recordings` in `data_dir` when not given"
    )
    asterisk_dir: Path | None = Field(
        None, description="The same folder as Asterisk sees it; `recordings.dir` when not given"
    )


class TrunkSettings(Section):
    """A way out to the telephone network."""

    name: Name = Field(description="Name that routes use")
    endpoint: Annotated[str, AfterValidator(_endpoint)] = Field(
        description="What Asterisk dials; `{number}` stands for the number: `PJSIP/{number}@carrier`"
    )
    number_format: Literal["e164", "e164_plus", "national"] = Field(
        "e164_plus", description="How the carrier wants numbers: 8613800138000, +8613800138000 or 13800138000"
    )
    host: Host | None = Field(
        None, description="Address of the carrier's end; doctor shows it, the lab clock asks for it"
    )
    calls_per_second: float | None = Field(
        None, gt=0, le=500, description="New calls a second at most, spread evenly"
    )
    max_concurrency: int | None = Field(None, ge=1, le=5000, description="Calls in progress at most")


class RouteSettings(Section):
    """Which numbers leave by which trunk."""

    prefix: Annotated[str, AfterValidator(_prefix)] = Field(
        description="Beginning of the E.164 number; the longest wins"
    )
    trunk: Name = Field(description="Name of a trunk")


class DiallerSettings(Section):
    """How fast and how much is dialled, over all campaigns."""

    tick_s: float = Field(1.0, ge=0.05, le=60, description="How often due attempts are looked for")
    calls_per_second: float = Field(
        5.0, gt=0, le=500, description="New calls a second at most, spread evenly"
    )
    max_concurrency: int = Field(100, ge=1, le=5000, description="Calls in progress at most")
    ring_timeout_s: float = Field(
        45.0, ge=15, le=120, description="How long a phone may ring, for campaigns that do not say"
    )
    max_call_s: float = Field(600.0, ge=10, le=7200, description="How long a call may last")
    abandon_limit_percent: float = Field(
        3.0,
        gt=0,
        le=3,
        description="People abandoned at most, of those who answered, in 24 hours and in 30 days",
    )
    abandon_confidence_percent: float = Field(
        95.0, ge=50, le=99.9, description="How sure that is to be before a predictive call starts"
    )
    machine_misjudged_percent: float = Field(
        1.0,
        ge=0,
        le=50,
        description="People among the calls taken for answering machines; they count as abandoned",
    )


class SpeechSettings(Section):
    """Recognisers and voices."""

    recognisers: dict[Language, list[RecogniserName]] = Field(
        {"zh": ["faster-whisper"], "en": ["faster-whisper", "pocketsphinx"]},
        description="For each language the recognisers to use, the first that works here and now",
    )
    whisper_model: Annotated[str, AfterValidator(_whisper_model)] | None = Field(
        None,
        description="Folder with a faster-whisper (CTranslate2) model, or the name of one (`small`, `OWNER/NAME`)"
        " that lies in this machine's Hugging Face cache; nothing is downloaded",
    )
    whisper_device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where it runs; `auto` takes a GPU where CTranslate2 finds one"
    )
    whisper_compute_type: Literal[
        "auto",
        "int8",
        "int8_float32",
        "int8_float16",
        "int8_bfloat16",
        "int16",
        "float16",
        "bfloat16",
        "float32",
    ] = Field("auto", description="Precision; `auto` is int8 on a processor and float16 on a GPU")
    whisper_workers: int = Field(
        1, ge=1, le=16, description="Processes that hold the model once each, and share the cores"
    )
    whisper_batch: int = Field(
        8, ge=1, le=32, description="The most utterances of concurrent calls that a process decodes together"
    )
    funasr_url: Annotated[str, _url(("ws", "wss"))] | None = Field(
        None, description="Address of a FunASR runtime server (funasr-wss-server-2pass): `wss://HOST:10095`"
    )
    funasr_languages: list[Language] = Field(["zh"], description="Languages that its models hear")
    funasr_ca_file: LocalPath | None = Field(
        None, description="Certificates (PEM) that count for `wss` instead of the system's"
    )
    funasr_check_certificate: bool = Field(
        True, description="Whether its certificate is checked; without it anybody in between may listen"
    )
    voices: dict[Language, list[VoiceName]] = Field(
        {"zh": ["espeak-ng"], "en": ["espeak-ng"]},
        description="For each language the voices to use, the first that works",
    )
    edge_voices: dict[Language, Annotated[str, AfterValidator(_edge_speaker)]] = Field(
        {"zh": "zh-CN-XiaoxiaoNeural", "en": "en-US-AriaNeural"}, description="Speakers of the voice edge-tts"
    )
    personal_prompt_days: int = Field(
        30,
        ge=1,
        le=3650,
        description="Rendered names, amounts and digits of accounts are deleted after so many days",
    )
    allow_personal_text_online: bool = Field(
        False, description="Whether an online voice may be sent names, amounts and digits of an account"
    )


class LlmSettings(Section):
    """A language model that advises, behind an OpenAI-compatible address; without an address there is none."""

    url: Annotated[str, _url(("http", "https"))] | None = Field(
        None,
        description="Address up to `/chat/completions`: `https://HOST/v1`; plain `http` on loopback only",
    )
    model: Text | None = Field(None, description="Name of the model, as the server knows it")
    api_key: SecretStr | None = Field(None, description="Its key, where it wants one")
    api_key_file: LocalPath | None = Field(None, description="A file with the key, instead of `api_key`")
    ca_file: LocalPath | None = Field(
        None, description="Certificates (PEM) that count for `https` instead of the system's"
    )
    understand: bool = Field(
        True, description="Whether it is asked what an answer means of which the rules are unsure"
    )
    answer: bool = Field(
        False,
        description="Whether it may answer questions of verified customers, where the flow allows it; it is sent the facts"
        " of the account then",
    )
    summarise: bool = Field(
        False, description="Whether it sums calls up, beside the rules; it is sent what was said then"
    )
    budget_s: float = Field(
        1.5, ge=0.2, le=5, description="How long a customer waits for it; then the call goes on without it"
    )
    below_confidence: float = Field(
        0.5,
        ge=0,
        le=0.7,
        description="It is asked where the rules are less sure than this, or understood nothing",
    )
    summary_timeout_s: float = Field(30.0, ge=1, le=600, description="How long a summary may take")
    max_concurrency: int = Field(8, ge=1, le=200, description="Requests at once, over all calls")
    response_format: Literal["auto", "json_schema", "json_object", "none"] = Field(
        "auto",
        description="How the shape of its answers is asked for; `auto` tries the strictest that the server takes",
    )


class ProgressSettings(Section):
    """What is heard before the answer, and who has answered."""

    tones: Annotated[str, AfterValidator(_tones)] = Field(
        AUTO,
        description="Country whose tones are listened for (`dialplan/tones.yaml`); `auto`: that of the number called and"
        " that of `defaults.country`",
    )
    keywords: bool = Field(
        True,
        description="Whether a recogniser, where the language has one, listens for the words of announcements whose"
        " sound is not known",
    )


class LabSettings(Section):
    """The simulated telephone network."""

    clock_start: datetime | None = Field(
        None,
        description="Instant (ISO, with offset) at which the wall clock starts; only on loopback",
    )
    clock_origin: datetime | None = Field(
        None,
        description="Real instant at which the wall clock read `clock_start`; the start of the program when not given",
    )


class MetricsSettings(Section):
    """Figures for Prometheus at `/metrics`, health at `/healthz`; without a password, so on loopback by default."""

    host: Host = Field("127.0.0.1", description="Address to listen on")
    port: Port | None = Field(9091, description="Port to listen on; `null` for no such endpoint")


class LogSettings(Section):
    """Logs; numbers and names are always masked."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="The least severe message to write"
    )
    as_json: bool = Field(False, alias="json", description="One JSON object a line instead of text")


def _default_data_dir() -> Path:
    base = os.environ.get("XDG_DATA_HOME", "")
    root = Path(base) if base.startswith("/") else Path.home() / ".local" / "share"
    return root / "ari-app"


def _default_dialplan_dir() -> Path:
    here = Path.cwd() / "dialplan"
    return here if here.is_dir() else Path(__file__).resolve().parents[2] / "dialplan"


class Settings(Section):
    """All settings, as ``load_settings`` reads them; immutable."""

    data_dir: LocalPath = Field(
        default_factory=_default_data_dir,
        description="Everything that is written lies here; `~/.local/share/ari-app` when not given",
    )
    dialplan_dir: LocalPath = Field(
        default_factory=_default_dialplan_dir,
        description="The operators' folder: flows, dispositions, announcements",
    )
    company: CompanySettings = CompanySettings()
    defaults: DefaultSettings = DefaultSettings()
    ari: AriSettings = AriSettings()
    ami: AmiSettings = AmiSettings()
    media: MediaSettings = MediaSettings()
    recordings: RecordingSettings = RecordingSettings()
    trunks: list[TrunkSettings] = Field([], max_length=100, description="Ways out to the telephone network")
    routes: list[RouteSettings] = Field(
        [],
        max_length=1000,
        description="Which numbers leave by which trunk; without routes the first trunk takes all",
    )
    caller_ids: list[CallerIdSettings] = Field(
        [],
        max_length=5000,
        description="Numbers that may be shown, with their limits; without any, campaigns may show the numbers they name",
    )
    dialler: DiallerSettings = DiallerSettings()
    speech: SpeechSettings = SpeechSettings()
    llm: LlmSettings = LlmSettings()
    webhooks: WebhookSettings = WebhookSettings()
    disputes: DisputeSettings = DisputeSettings()
    service: ServiceSettings = ServiceSettings()
    cases: CaseSettings = CaseSettings()
    alerts: AlertSettings = AlertSettings()
    progress: ProgressSettings = ProgressSettings()
    metrics: MetricsSettings = MetricsSettings()
    messages: MessageSettings = MessageSettings()
    payments: PaymentSettings = PaymentSettings()
    promises: PromiseSettings = PromiseSettings()
    api: ApiSettings = ApiSettings()
    lab: LabSettings = LabSettings()
    log: LogSettings = LogSettings()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.data_dir / "ari-app.sqlite3"

    @property
    def recordings_dir(self) -> Path:
        """Finished recordings, as this program sees them."""
        return self.recordings.dir or self.data_dir / "recordings"

    @property
    def asterisk_recordings_dir(self) -> Path:
        """The same folder as Asterisk sees it."""
        return self.recordings.asterisk_dir or self.recordings_dir

    @property
    def transcripts_dir(self) -> Path:
        return self.data_dir / "transcripts"

    @property
    def prompt_cache_dir(self) -> Path:
        return self.data_dir / "prompts"

    @property
    def recorded_prompts_dir(self) -> Path:
        """Prompts that a person has recorded: ``LANGUAGE/PROMPT_ID.wav``."""
        return self.dialplan_dir / "prompts"

    @property
    def media_url(self) -> str:
        """Base of the media sockets: ``ws://host:port``."""
        return self.media.url or self.ari.url.replace("http", "ws", 1)

    def trunk_for(self, phone: str) -> TrunkSettings | None:
        """The trunk of an E.164 number: longest prefix wins, without routes the first trunk; None for no fit."""
        if not self.routes:
            return self.trunks[0] if self.trunks else None
        fitting = [route for route in self.routes if phone.startswith(route.prefix)]
        if not fitting:
            return None
        best = max(fitting, key=lambda route: len(route.prefix))
        return next(trunk for trunk in self.trunks if trunk.name == best.trunk)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for one, other, key in (
            (self.ari.password, self.ari.password_file, "ari.password"),
            (self.ami.secret, self.ami.secret_file, "ami.secret"),
            (self.llm.api_key, self.llm.api_key_file, "llm.api_key"),
            (self.alerts.smtp_password, self.alerts.smtp_password_file, "alerts.smtp_password"),
        ):
            if one is not None and other is not None:
                raise RefusedError(f"{key} and {key}_file are both given", "one of the two")
        names = [trunk.name for trunk in self.trunks]
        for name in sorted({name for name in names if names.count(name) > 1}):
            raise RefusedError(f"the trunk {name} is defined twice", "one definition for each name")
        numbers = [each.number for each in self.caller_ids]
        for number in sorted({number for number in numbers if numbers.count(number) > 1}):
            raise RefusedError(f"the caller ID {number} stands twice", "each number once")
        prefixes = [route.prefix for route in self.routes]
        for prefix in sorted({prefix for prefix in prefixes if prefixes.count(prefix) > 1}):
            raise RefusedError(f"two routes have the prefix {prefix}", "one route for each prefix")
        for route in self.routes:
            if route.trunk not in names:
                raise RefusedError(
                    f"the route {route.prefix} names the unknown trunk {route.trunk}", ", ".join(names)
                )
        self._lab_clock()
        self._llm()
        return self

    def _llm(self) -> None:
        if self.llm.url is None:
            return
        parts = urlsplit(self.llm.url)
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise RefusedError(
                "llm.url would send what customers say in the clear",
                "https://, or http:// on 127.0.0.1, ::1 or localhost",
            )
        if self.llm.model is None:
            raise RefusedError("llm.url is given, and llm.model is not", "the name of a model")

    def _lab_clock(self) -> None:
        if self.lab.clock_start is None:
            return
        if self.lab.clock_start.tzinfo is None:
            raise RefusedError(
                "lab.clock_start has no offset", "an ISO instant such as 2026-03-02T10:00:00+08:00"
            )
        places = {"ari.url": urlsplit(self.ari.url).hostname, "ami.host": self.ami.host}
        places["media.url"] = urlsplit(self.media_url).hostname
        places |= {f"trunks.{trunk.name}.host": trunk.host for trunk in self.trunks}
        away = [key for key, host in places.items() if not is_loopback(host)]
        if away:
            raise RefusedError(
                f"lab.clock_start may only be used in the lab, and {', '.join(away)} is not on loopback",
                "127.0.0.1, ::1 or localhost everywhere, or no lab.clock_start",
            )


def is_loopback(host: str | None) -> bool:
    """Whether a host can only be this machine; a name other than localhost could be anything."""
    if not host:
        return False
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
