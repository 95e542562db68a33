"""The checks of ``ari-app doctor`` that talk to Asterisk, or look at models, voices and the operators' files."""

from __future__ import annotations

import asyncio
import importlib.util
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ari_app.cli.doctor_messages import message_secrets
from ari_app.errors import AriAppError, ConfigError, SpeechError
from ari_app.services.doctor import Check, fail, ok, warn

if TYPE_CHECKING:
    from ari_app.asterisk.ami import AmiConnection
    from ari_app.config import Settings, TrunkSettings

#: Not the controller's own: connecting under its name would take its calls away.
PROBE_APP = "ari-app-doctor"
#: How long a server for speech may take to answer.
PROBE_S = 5.0
_ENDPOINT = re.compile(r"PJSIP/\{number\}@([A-Za-z0-9_.-]+)")


def check_binary() -> Check:
    """An Asterisk on this machine; needed for the lab, the demonstration and a PBX of one's own."""
    from ari_app.asterisk.binary import AsteriskMissing, find_asterisk

    try:
        binary = find_asterisk()
    except AsteriskMissing as error:
        return warn(
            "asterisk program", str(error), "run ./scripts/setup; a PBX on another machine needs none here"
        )
    return ok("asterisk program", f"{binary.version_text} at {binary.path}")


async def check_ari(settings: Settings) -> list[Check]:
    """The PBX over ARI: reachable, new enough, REST on the event socket, every module loaded."""
    from dataclasses import replace

    from ari_app.app import ari_settings
    from ari_app.asterisk.ari import AriConnection
    from ari_app.asterisk.binary import MINIMUM_VERSION
    from ari_app.asterisk.modules import REQUIRED_MODULES

    try:
        connection = AriConnection(
            replace(ari_settings(settings), app=PROBE_APP), request_timeout_s=settings.ari.request_timeout_s
        )
        await connection.start()
    except AriAppError as error:
        mend = "start Asterisk with http.conf and ari.conf of asterisk_conf/pbx, and see ari.url, ari.user, ari.password"
        return [fail("ARI", str(error), mend)]
    try:
        reply = await connection.request("GET", "asterisk/modules")
        version = connection.asterisk_version
        checks = [ok("ARI", f"{settings.ari.url}, REST over the event socket")]
        if version is None:
            checks.append(warn("asterisk version", "not told", "see `asterisk -V` on the PBX"))
        elif version < MINIMUM_VERSION:
            wanted = ".".join(map(str, MINIMUM_VERSION[:2]))
            checks.append(fail("asterisk version", ".".join(map(str, version)), f"install at least {wanted}"))
        else:
            checks.append(ok("asterisk version", ".".join(map(str, version))))
        missing = sorted(REQUIRED_MODULES - _running(reply.body))
        if missing:
            checks.append(
                fail("asterisk modules", f"not loaded: {', '.join(missing)}", "load them in modules.conf")
            )
        else:
            checks.append(ok("asterisk modules", f"{len(REQUIRED_MODULES)} of {len(REQUIRED_MODULES)}"))
    except AriAppError as error:
        return [fail("ARI", str(error), "see the log of Asterisk")]
    finally:
        await connection.close()
    return checks


def _running(body: object) -> frozenset[str]:
    if not isinstance(body, list):
        return frozenset()
    return frozenset(
        str(module.get("name", "")).removesuffix(".so")
        for module in body
        if isinstance(module, Mapping) and module.get("status") == "Running"
    )


async def check_ami(settings: Settings) -> list[Check]:
    """The PBX over AMI, and through it the state of every trunk."""
    from ari_app.app import ami_settings
    from ari_app.asterisk.ami import ami_connection

    ami = ami_settings(settings)
    if ami is None:
        return [
            warn(
                "AMI",
                "ami.secret is not set: nothing is recorded",
                "set ami.user and ami.secret (manager.conf)",
            )
        ]
    try:
        async with ami_connection(ami) as connection:
            place = f"{settings.ami.host}:{settings.ami.port}"
            trunks = [await check_trunk(connection, trunk) for trunk in settings.trunks]
            return [ok("AMI", place), *trunks]
    except AriAppError as error:
        return [
            fail("AMI", str(error), "see manager.conf of asterisk_conf/pbx, and ami.host, ami.port, ami.user")
        ]


async def check_trunk(connection: AmiConnection, trunk: TrunkSettings) -> Check:
    """Whether the carrier's end of a PJSIP trunk answers."""
    from ari_app.asterisk.trunks import trunk_contacts

    name = f"trunk {trunk.name}"
    endpoint = _ENDPOINT.fullmatch(trunk.endpoint)
    if endpoint is None:
        return warn(name, f"{trunk.endpoint}: only PJSIP/{{number}}@ENDPOINT can be looked at", "try a call")
    try:
        contacts = await trunk_contacts(connection, endpoint[1])
    except AriAppError as error:
        return fail(name, str(error), f"define the endpoint {endpoint[1]} in pjsip.conf")
    if not contacts:
        return fail(
            name,
            f"the endpoint {endpoint[1]} has no contact",
            "give its AOR a contact, or wait for registration",
        )
    states = ", ".join(
        f"{contact.status}"
        + (f" ({contact.round_trip_ms:.0f} ms)" if contact.round_trip_ms is not None else "")
        for contact in contacts
    )
    if any(contact.status == "Reachable" for contact in contacts):
        return ok(name, states)
    if any(contact.status == "Unreachable" for contact in contacts):
        return fail(name, states, "the carrier does not answer OPTIONS: see address, firewall, registration")
    return warn(name, states, "set qualify_frequency, so that a dead trunk is noticed")


def check_routes(settings: Settings) -> Check:
    """Whether calls have a way out."""
    if not settings.trunks:
        return fail("trunks", "none", "name at least one under trunks in the settings")
    if not settings.routes:
        return ok("trunks", f"{len(settings.trunks)}; every number leaves by {settings.trunks[0].name}")
    return ok("trunks", f"{len(settings.trunks)}, {len(settings.routes)} routes")


def _check_disputes(settings: Settings) -> list[Check]:
    """The table of disputes can be read; without one the usual terms hold."""
    from ari_app.services.disputes.table_file import FILE, read_dispute_table
    from ari_app.services.rule_directory import RuleDirectory

    table = settings.dialplan_dir / FILE
    if not table.exists():
        return []
    try:
        read_dispute_table(table, RuleDirectory(settings.dialplan_dir).calendars())
    except (AriAppError, OSError) as error:
        return [fail("disputes", str(error), "mend the file: ari-app disputes check")]
    return [ok("disputes", f"terms in {table}")]


def check_operators_files(settings: Settings) -> list[Check]:
    """Flows and dispositions can be read."""
    from ari_app.app import company_names
    from ari_app.services.disposition_file import read_dispositions
    from ari_app.services.flow_files import FlowDirectory

    checks = []
    table = settings.dialplan_dir / "dispositions.yaml"
    try:
        kinds = read_dispositions(table).kinds
        checks.append(ok("dispositions", f"{len(kinds)} in {table}"))
    except (AriAppError, OSError) as error:
        checks.append(fail("dispositions", str(error), "mend the file, or set dialplan_dir"))
    checks += _check_disputes(settings)
    folder = settings.dialplan_dir / "flows"
    try:
        FlowDirectory(folder, company_names(settings))
        names = sorted(path.stem for path in folder.glob("*.yaml"))
        checks.append(
            ok("flows", ", ".join(names)) if names else fail("flows", f"none in {folder}", "set dialplan_dir")
        )
    except (AriAppError, OSError) as error:
        checks.append(fail("flows", str(error), "mend the file, or set dialplan_dir"))
    checks.append(check_alerts(settings))
    return checks


def check_alerts(settings: Settings) -> Check:
    """Rules of alerts can be read, and somebody is told."""
    from ari_app.services.alerts.alert_file import ALERT_FILE, read_alert_book
    from ari_app.services.disposition_file import known_dispositions

    path = settings.dialplan_dir / ALERT_FILE
    if not path.exists():
        return warn("alerts", f"there is no {path}", "without rules nobody is told of anything")
    try:
        book = read_alert_book(path, known_dispositions(settings.dialplan_dir))
    except AriAppError as error:
        return fail("alerts", str(error), "mend the file; `ari-app alerts check` finds every fault")
    if settings.alerts.smtp_host is None or not any(book.people.values()):
        found = f"{len(book.rules)} rules, and nobody is written to"
        return warn("alerts", found, "name people in alerts.yaml and alerts.smtp_host in the settings")
    return ok("alerts", f"{len(book.rules)} rules in {path}")


def check_rules(settings: Settings, year: int) -> list[Check]:
    """Every rule pack can be read, and this year and the next are confirmed in their calendars."""
    from ari_app.services.rule_directory import RuleDirectory

    rules = RuleDirectory(settings.dialplan_dir)
    book = rules.book
    checks = [fail("rule pack", why, "mend the file; `ari-app rules check`") for why in book.faults.values()]
    if not book.rules and not checks:
        return [fail("rule packs", f"none in {settings.dialplan_dir / 'rules'}", "set dialplan_dir")]
    if book.rules:
        checks.append(ok("rule packs", ", ".join(sorted(book.rules))))
    for name, calendar in sorted(rules.calendars().items()):
        missing = [each for each in (year, year + 1) if each not in calendar.confirmed]
        if missing:
            tell = fail if missing[0] == year else warn
            what = f"{name}: {missing[0]} is not confirmed, so nobody is called in that year"
            mend = f"compare `ari-app rules calendar {name} --year {missing[0]}` with the official notice, then confirm it"
            checks.append(tell("calendar", what, mend))
    return checks


def check_strategies(settings: Settings) -> list[Check]:
    """Every strategy file has no fault; a version that may not dial is told."""
    from ari_app.app import strategy_directory
    from ari_app.services.rule_directory import RuleDirectory

    directory = strategy_directory(settings, RuleDirectory(settings.dialplan_dir))
    checks = [
        warn("strategy", str(fault), "mend the file; `ari-app strategy check`")
        for fault in directory.problems
    ]
    names = sorted(f"{name} {known.strategy.version}" for name, known in directory.book.current.items())
    return [*checks, *([ok("strategies", ", ".join(names))] if names else [])]


def check_integrations(settings: Settings) -> list[Check]:
    """Every integration has no fault, and its folder and secret are there."""
    from ari_app.services.integrations.directory import IntegrationDirectory
    from ari_app.services.integrations.runner import read_secret

    directory = IntegrationDirectory(settings.dialplan_dir / "integrations")
    checks = [
        warn("integration", str(fault), "mend the file; `ari-app integrations check`")
        for fault in directory.problems
    ]
    used = {name: each for name, each in directory.definitions.items() if each.enabled}
    for name, each in used.items():
        if each.folder is not None and not each.folder.inbox.is_dir():
            checks.append(
                warn("integration", f"{name}: {each.folder.inbox} is no folder", "make it, or mend inbox")
            )
        if each.http is not None:
            try:
                read_secret(each.http)
            except AriAppError as error:
                checks.append(warn("integration", f"{name}: {error}", "put the secret there"))
    return [*checks, *([ok("integrations", ", ".join(used))] if used else [])]


def check_recognisers(settings: Settings) -> list[Check]:
    """Which languages can be heard; keys work in every language without a model."""
    from ari_app.speech.pocketsphinx_recogniser import PocketSphinxRecogniser
    from ari_app.speech.whisper_recogniser import WhisperRecogniser

    speech = settings.speech
    whisper, sphinx = WhisperRecogniser(speech.whisper_model), PocketSphinxRecogniser()
    whys: dict[str, Callable[[str], str]] = {
        "faster-whisper": whisper.why_not,
        "pocketsphinx": sphinx.why_not,
        "funasr": lambda language: (
            ""
            if speech.funasr_url is not None and language in speech.funasr_languages
            else "no FunASR server"
        ),
    }
    checks = []
    for language, names in sorted(speech.recognisers.items()):
        why = {name: whys[name](language) for name in names}
        working = [name for name in names if not why[name]]
        label = f"speech {language}"
        if working:
            checks.append(ok(label, working[0]))
        else:
            mend = "set speech.whisper_model to a faster-whisper model of this machine, or speech.funasr_url to a server"
            told = "; ".join(reason for reason in why.values() if reason)
            found = f"answers by key only: {told}" if told else "no recogniser: answers by key only"
            checks.append(warn(label, found, mend))
    return checks


async def check_funasr(settings: Settings) -> list[Check]:
    """The FunASR server: can a socket be opened to it, and may strangers listen?"""
    from ari_app.app import FUNASR, make_recogniser
    from ari_app.config import is_loopback

    url, named = settings.speech.funasr_url, [*settings.speech.recognisers.values()]
    if not any(FUNASR in order for order in named):
        return []
    if url is None:
        return [
            warn("FunASR", "no address", "set speech.funasr_url, or take funasr out of speech.recognisers")
        ]
    try:
        recogniser = make_recogniser(FUNASR, settings)
    except ConfigError as error:
        return [fail("FunASR", str(error), "name a file with certificates in PEM")]
    try:
        await recogniser.warm_up(PROBE_S)
    except (SpeechError, TimeoutError) as error:
        mend = "start funasr-wss-server-2pass, see speech.funasr_url; meanwhile the next recogniser hears, or nobody"
        return [warn("FunASR", str(error) or f"{url}: no answer within {PROBE_S:g} s", mend)]
    finally:
        await recogniser.close()
    parts = urlsplit(url)
    if parts.scheme == "ws" and not is_loopback(parts.hostname):
        return [warn("FunASR", f"{url}: voices travel in the clear", "use wss:// and speech.funasr_ca_file")]
    if parts.scheme == "wss" and not settings.speech.funasr_check_certificate:
        return [warn("FunASR", f"{url}: its certificate is not checked", "name it in speech.funasr_ca_file")]
    return [ok("FunASR", url)]


async def check_llm(settings: Settings) -> list[Check]:
    """The language model: does it answer in the shape asked for, and in the time that a customer waits?"""
    from ari_app.dialogue.advice import Doubt
    from ari_app.errors import LanguageModelError
    from ari_app.language import make_model

    try:
        model = make_model(settings)
    except ConfigError as error:
        return [fail("language model", str(error), "see llm.api_key_file and llm.ca_file")]
    if model is None:
        return []
    mend = "see llm.url, llm.model, llm.api_key and the server's log; calls go on without it"
    doubt = Doubt(
        "sooner or later", "en", "ask_when", ("promise_to_pay", "request_deferral", "refuse_to_pay")
    )
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        await model.understand(doubt, PROBE_S)
    except (LanguageModelError, TimeoutError) as error:
        why = str(error) or f"no answer within {PROBE_S:g} s"
        return [warn("language model", f"{settings.llm.url}: {why}", mend)]
    finally:
        await model.close()
    took_s = loop.time() - began
    found = f"{settings.llm.model} at {settings.llm.url}, answered after {took_s:.1f} s"
    if took_s > settings.llm.budget_s:
        slow = f"a customer waits {settings.llm.budget_s:g} s: a faster model, or a longer llm.budget_s"
        return [warn("language model", found, slow)]
    return [ok("language model", found)]


def check_voices(settings: Settings) -> list[Check]:
    """Which languages can be spoken."""
    import shutil

    usable = {
        "espeak-ng": shutil.which("espeak-ng") is not None,
        "edge-tts": importlib.util.find_spec("edge_tts") is not None,
    }
    checks = []
    for language, names in sorted(settings.speech.voices.items()):
        working = [name for name in names if usable[name]]
        label = f"voice {language}"
        if working:
            checks.append(ok(label, ", ".join(working)))
        else:
            checks.append(
                fail(label, f"none of {', '.join(names) or 'no voice'} is installed", "run ./scripts/setup")
            )
    return checks


async def all_asterisk_checks(settings: Settings) -> list[Check]:
    """ARI and AMI side by side."""
    ari, ami = await asyncio.gather(check_ari(settings), check_ami(settings))
    return [*ari, check_routes(settings), *ami]


async def all_server_checks(settings: Settings) -> list[Check]:
    """Everything that is asked over the network."""
    asterisk, funasr, llm = await asyncio.gather(
        all_asterisk_checks(settings), check_funasr(settings), check_llm(settings)
    )
    return [*asterisk, *funasr, *llm]


def secret_files(settings: Settings, config: Path | None) -> list[tuple[str, Path]]:
    """Files that hold secrets."""
    files = [("ARI password file", settings.ari.password_file), ("AMI secret file", settings.ami.secret_file)]
    files.append(("language model's key file", settings.llm.api_key_file))
    payments = settings.payments
    files += [(f"secret of {each.name}", each.secret_file) for each in payments.generic]
    if payments.wechat is not None:
        files.append(("WeChat Pay's private key", payments.wechat.private_key_file))
        files.append(("WeChat Pay's APIv3 key", payments.wechat.api_v3_key_file))
    if payments.alipay is not None:
        files.append(("Alipay's private key", payments.alipay.private_key_file))
    files.append(("mail server's password file", settings.alerts.smtp_password_file))
    files += message_secrets(settings)
    if config is not None and config.is_file():
        text = config.read_text(encoding="utf-8", errors="replace")
        if re.search(r"\b(?:password|secret|api_key)\"?\s*:\s*\S", text):
            files.append(("settings file", config))
    return [(name, path) for name, path in files if path is not None]
