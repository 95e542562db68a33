"""Personas and scenarios: what an operator may write, and how a slip of the pen is answered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import InputError
from ari_app.lab.effects import LineSettings
from ari_app.lab.expected import Expected
from ari_app.lab.persona import (
    FOREVER,
    Beep,
    HangUp,
    Interrupt,
    Persona,
    Play,
    Press,
    Repeat,
    Rtp,
    Say,
    Wait,
    WaitFor,
    filled,
    for_number,
)
from ari_app.lab.release import CAUSE_OF_STATUS, STATUS_OF_NAME, Release, parse_release
from ari_app.lab.scenario import (
    DATA,
    NumberPattern,
    Scenario,
    e164,
    load_scenario,
    parse_scenario,
    shipped_personas,
)

pytestmark = pytest.mark.pure


def persona(text: str) -> Persona:
    indented = "\n".join(f"    {line}" for line in text.strip().splitlines())
    return parse_scenario(f"personas:\n  it:\n{indented}\n").personas["it"]


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_scenario(text)
    return [str(problem) for problem in caught.value.problems]


# --------------------------------------------------------------------------------------------------- personas


def test_a_script_is_read_step_by_step() -> None:
    found = persona(
        """
language: en
ring: 1.2
silence: 0.8
steps:
  - wait: prompt
  - say: "yes"
  - wait: {for: prompt, silence: 1, limit: 5}
  - press: "{tail}#"
  - interrupt: {after: 1.5, say: {text: stop, speed: 1.2, noise: -50, level: -25}}
  - interrupt: {press: "1"}
  - wait: {seconds: 2}
  - wait: end
  - wait: speech
  - beep
  - beep: {hertz: 800, seconds: 1}
  - hangup
"""
    )
    assert found == Persona(
        name="it",
        language="en",
        ring=1.2,
        steps=(
            Wait(WaitFor.PROMPT, silence=0.8),
            Say("yes", "en"),
            Wait(WaitFor.PROMPT, silence=1.0, limit=5.0),
            Press("{tail}#"),
            Interrupt(1.5, Say("stop", "en", level=-25.0, noise=-50.0, speed=1.2)),
            Interrupt(1.0, Press("1")),
            Wait(WaitFor.SECONDS, seconds=2.0),
            Wait(WaitFor.END, silence=0.8, limit=90.0),
            Wait(WaitFor.SPEECH, silence=0.8),
            Beep(),
            Beep(800.0, 1.0),
            HangUp(),
        ),
    )


@pytest.mark.parametrize(
    ("text", "answers", "ring", "status"),
    [
        ("reject: busy", False, 0.0, 486),
        ("{reject: 603, ring: 2}", False, 2.0, 603),
        ("ring: forever", False, FOREVER, None),
        ("{announce: switched_off, then: {reject: 480}}", False, 0.0, 480),
        ("announce: {text: closed}", False, 0.0, None),
        ("black_hole: true", False, 0.0, None),
        ("{rtp: none}", True, 1.0, None),
        ("{greeting: hello, beep: true}", True, 1.0, None),
    ],
)
def test_what_a_persona_does_follows_from_its_keys(
    text: str, answers: bool, ring: float, status: int | None
) -> None:
    found = persona(text)
    assert (found.answer, found.ring) == (answers, ring)
    assert (found.reject.sip_status if found.reject else None) == status
    assert (found.rtp is Rtp.NONE) == ("rtp" in text)
    assert found.black_hole == ("black_hole" in text)


def test_a_persona_may_cough_for_long_over_a_bad_line() -> None:
    found = persona(
        """
line: {gain: 30, clip: -6, dc: 0.05, noise: pink, level: -40, loss: 0.1}
steps:
  - repeat:
      times: 3
      steps:
        - wait: {seconds: [1, 4]}
        - play: cough
        - play: {sound: street, level: -35, seconds: 8}
        - repeat: {times: 2, steps: [{say: hello}, {interrupt: {after: [1, 2.5], say: no}}]}
"""
    )
    assert found.line == LineSettings(30.0, -6.0, 0.05, "pink", -40.0, 0.1)
    (repeat,) = found.steps
    assert isinstance(repeat, Repeat)
    assert repeat.times == 3
    assert repeat.steps[:3] == (
        Wait(WaitFor.SECONDS, seconds=1.0, upto=4.0),
        Play("cough"),
        Play("street", -35.0, 8.0),
    )
    assert repeat.steps[3] == Repeat(2, (Say("hello", "en"), Interrupt(1.0, Say("no", "en"), upto=2.5)))
    assert [say.text for say in found.texts()] == ["hello", "no"], (
        "what is repeated is rendered before the call"
    )


def test_an_answering_machine_greets_and_beeps() -> None:
    assert persona("{language: zh, greeting: 您好, beep: true}").steps == (Say("您好", "zh"), Beep())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reject: sometimes", "no way to release a call (allowed: busy, rejected"),
        ("reject: 200", "no way to release"),
        ("reject: 487", "no way to release"),
        ("reject: true", "no way to release"),
        ("ring: -1", "a number from 0 to 300"),
        ("ring: .inf", "a number from 0 to 300"),
        ("answer: maybe", "true or false"),
        ("language: fr", "zh, en"),
        ("colour: blue", "unknown key (allowed: about"),
        ("rtp: loud", "silence, none"),
        ("steps: hangup", "a list of at most 100 steps"),
        ("steps: [dance]", "wait, say, press, interrupt, beep, play, repeat, hangup"),
        ("steps: [{dance: 1}]", "wait, say, press, interrupt, beep, play, repeat, hangup"),
        ("steps: [{play: laughter}]", "white, pink, narrow, hum, street, click, cough"),
        ("steps: [{play: {sound: cough, seconds: 3}}]", "a length of its own"),
        ("steps: [{play: {sound: pink, seconds: 1000}}]", "a number from 0.02 to 120"),
        ("steps: [{play: {level: -40}}]", "the key sound is missing"),
        ("steps: [{repeat: {times: 100000, steps: [hangup]}}]", "a number from 1 to 1000"),
        ("steps: [{repeat: {times: 2}}]", "the key steps is missing"),
        (
            "steps: [{repeat: {steps: [{repeat: {steps: [{repeat: {steps: [hangup]}}]}}]}}]",
            "at most 2",
        ),
        ("steps: [{wait: {seconds: [4, 1]}}]", "[shortest, longest]"),
        ("steps: [{wait: {seconds: [1, 2, 3]}}]", "[shortest, longest]"),
        ("steps: [{interrupt: {after: [1, 900], say: a}}]", "from 0 to 60"),
        ("line: {dc: 3}", "a number from -0.5 to 0.5"),
        ("line: {noise: cough}", "white, pink, narrow, hum, street"),
        ("line: loud", "{gain: 30"),
        ("{rtp: none, line: {dc: 0.1}}", "no sound to change"),
        ("{rtp: none, steps: [{repeat: {steps: [{play: cough}]}}]}", "cannot speak"),
        ("steps: [{say: a, press: '1'}]", "a step with 2 keys"),
        ("steps: [{say: 5}]", "a text, or {text"),
        ('steps: [{say: "  "}]', "cannot be used"),
        ('steps: [{say: "{name}"}]', "{name} is no placeholder"),
        ("steps: [{say: {text: a, speed: 9}}]", "a number from 0.5 to 2"),
        ("steps: [{press: 1}]", "keys 0-9"),
        ('steps: [{press: "12E"}]', "keys 0-9"),
        ("steps: [{wait: forever}]", "prompt, speech, end"),
        ("steps: [{wait: {seconds: x}}]", "a number from 0 to 600"),
        ("steps: [{wait: {for: prompt, patience: 1}}]", "unknown key"),
        ("steps: [{interrupt: {after: 1}}]", "say or press"),
        ('steps: [{interrupt: {say: a, press: "1"}}]', "say or press"),
        ("announce: ../../etc/passwd", "the name of a WAV file"),
        ("announce: {file: a, text: b}", "either file or text"),
        ("then: {reject: busy}", "then follows an announce"),
        ("{black_hole: true, ring: 2}", "black_hole: true alone"),
        ("{answer: true, reject: busy}", "answer: false"),
        ("{ring: forever, answer: true}", "answer: false"),
        ("{reject: busy, steps: [hangup]}", "nobody answers"),
        ("{rtp: none, steps: [{say: a}]}", "cannot speak"),
        ("just words", "a persona: about"),
    ],
)
def test_a_slip_in_a_persona_is_answered_with_line_key_and_what_is_allowed(text: str, expected: str) -> None:
    found = faults(f"region: CN\npersonas:\n  it:\n    {text}\n")
    assert any(expected in fault for fault in found), found
    line = 3 if text == "just words" else 4
    assert all(fault.startswith(f"scenario.yaml:{line}: personas.it") for fault in found), found


def test_all_faults_of_a_file_come_at_once() -> None:
    assert len(faults("personas: {a: {ring: x}, b: {ring: y}}\nnumbers: {'1': c}\nhello: 1")) == 4


def test_the_last_four_digits_are_filled_in_and_spoken_apart() -> None:
    assert for_number("{tail}#", "+8613800001234") == "1234#"
    assert for_number("{wrong}", "+8613800001234") == "6789"
    assert for_number("{tail}", "7") == "0007"
    assert filled(Say("it ends in {tail}", "en"), "+8613800001234") == Say("it ends in 1 2 3 4", "en")
    assert filled(Press("{tail}"), "+8613800001234") == Press("1234")


@given(st.text(max_size=30))
def test_wrong_digits_are_never_the_right_ones(dialled: str) -> None:
    tail, wrong = for_number("{tail}", dialled), for_number("{wrong}", dialled)
    assert len(tail) == len(wrong) == 4
    assert tail.isascii()
    assert all(a != b for a, b in zip(tail, wrong, strict=True))


# --------------------------------------------------------------------------------------------------- releases


@given(st.one_of(st.integers(-1000, 1000), st.text(max_size=12), st.none(), st.booleans(), st.floats()))
def test_a_release_is_a_sip_status_or_a_name_and_nothing_else(value: object) -> None:
    named = isinstance(value, str) and value in STATUS_OF_NAME
    if named or (type(value) is int and 400 <= value <= 699 and value not in (401, 407, 422, 487, 491)):
        found = parse_release(value)
        assert found.q850 == CAUSE_OF_STATUS.get(found.sip_status)
    else:
        with pytest.raises(ValueError, match="a SIP status from 400 to 699"):
            parse_release(value)


def test_every_named_release_can_be_sent() -> None:
    for name, status in STATUS_OF_NAME.items():
        assert parse_release(name) == Release(status)


# --------------------------------------------------------------------------------------------------- scenarios


def test_a_number_finds_its_persona_however_it_is_dialled() -> None:
    found = parse_scenario(
        """
numbers: {"+8613800000001": busy}
patterns:
  - {match: "+861390000XXXX", persona: no_answer}
  - {match: "+86139*", persona: congestion}
default: rejects
"""
    )
    for dialled in ("+8613800000001", "13800000001", "008613800000001", "138-0000-0001"):
        assert found.persona_for(dialled).name == "busy"
    assert found.persona_for("13900001234").name == "no_answer"
    assert found.persona_for("13911111234").name == "congestion"
    for dialled in ("13800000002", "", "abc", "1" * 10_000, "123&Local/9@x", "\n"):
        assert found.persona_for(dialled).name == "rejects"


@given(st.text(max_size=60))
def test_no_dialled_text_is_without_a_persona(dialled: str) -> None:
    assert SCENARIO.persona_for(dialled).name in SCENARIO.personas


SCENARIO: Scenario = parse_scenario('numbers: {"+8613800000001": busy}')


@given(st.from_regex(r"\A\+?[0-9]{1,12}X{0,3}\*?\Z"), st.text("0123456789", max_size=8))
def test_a_pattern_fits_the_numbers_made_from_it(pattern: str, rest: str) -> None:
    number = pattern.replace("X", "7").replace("*", rest)
    assert NumberPattern(pattern, "busy").fits(number)
    assert not NumberPattern(pattern, "busy").fits(f"{number}x")
    assert not NumberPattern(pattern, "busy").fits(f"x{number}")
    assert pattern.endswith("*") or not NumberPattern(pattern, "busy").fits(f"{number}0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numbers: {'+8613800000001': nobody}", "there is no persona 'nobody' (allowed: barred, "),
        ("numbers: {hello: busy}", "this is no telephone number"),
        ('numbers: {"+8613800000001": busy, "13800000001": busy}', "there already in another form"),
        ("numbers: {013800000001: busy}", ""),
        ("patterns: [{match: 'a*', persona: busy}]", "X for any digit"),
        ("patterns: [{persona: busy}]", "the key match is missing"),
        ("default: nobody", "there is no persona"),
        ("concurrency: 0", "a number from 1 to 100"),
        ("speed: 3", "a number from 0.5 to 2"),
        ("region: cn", "a country code of two letters"),
        ("region: XX", "no country with a number plan"),
        ("caller_ids: [hello]", '"01055550100"'),
        ("personas: {Bad Name: {reject: busy}}", "small letters, digits and _"),
        ("accounts: [3]", "an account"),
        ("surprise: 1", "unknown key"),
        ("- a list", "a scenario"),
    ],
)
def test_a_slip_in_a_scenario_is_answered(text: str, expected: str) -> None:
    if not expected:  # keys are text in this YAML: no zero is lost
        assert parse_scenario(text).numbers == {"+8613800000001": "busy"}
        return
    found = faults(text)
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("scenario.yaml:1") for fault in found)


ACCOUNT = (
    '{customer_id: C1, name: 张三, phone: "+8613800000001", persona: busy, '
    'amount_due: "12.50", overdue_days: 3, expected: busy}'
)


def test_an_account_becomes_a_row_of_the_list_of_its_day() -> None:
    found = parse_scenario(f"accounts:\n- {ACCOUNT}")
    assert found.expected() == {"C1": Expected("busy")}
    assert found.persona_for("13800000001").name == "busy"
    assert found.rows(date(2026, 11, 23)) == [
        {
            "customerId": "C1",
            "name": "张三",
            "phone": "+8613800000001",
            "accountId": "A-C1",
            "billId": "B-C1",
            "amountDue": "12.50",
            "currency": "CNY",
            "dueDate": "2026-11-20",
            "language": "zh",
            "timezone": "Asia/Shanghai",
        }
    ]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"12.50"', "12.50", 'two decimals in quotes: "128.50"'),
        ('"12.50"', '"-1.00"', "two decimals"),
        ("C1", '"../x"', "letters, digits and . _ -"),
        ("+8613800000001", "+8600000", "no valid telephone number"),
        ("overdue_days: 3", "overdue_days: .nan", "a number from -366"),
        ("expected: busy", "expected: BUSY", "the name of a disposition"),
        ("expected: busy", "expected: {verified: true}", "the key disposition is missing"),
        ("expected: busy", "expected: {result: refused, promise: []}", "unknown key"),
        ("expected: busy", "expected: {result: refused, do_not_contact: maybe}", "true or false"),
        ("expected: busy", "expected: {result: refused, says: [3]}", "pieces of what the bot says"),
        ("name: 张三", "name: 张三, flow: No Flow", "the name of a flow"),
        ("name: 张三", "name: 张三, columns: {amountDue: x}", "unknown key"),
        ("name: 张三", "name: 张三, columns: {service: 3}", "one line of text"),
        ("name: 张三", "timezone: Mars/Base", "the key name is missing"),
        ("name: 张三", "name: 张三, timezone: Mars/Base", "no time zone"),
        ("persona: busy", "persona: nobody", "there is no persona"),
    ],
)
def test_a_slip_in_an_account_is_answered(old: str, new: str, expected: str) -> None:
    found = faults(f"accounts:\n- {ACCOUNT.replace(old, new, 1)}")
    assert any(expected in fault for fault in found), found


def test_accounts_do_not_share_customers_or_numbers() -> None:
    found = faults(f"accounts:\n- {ACCOUNT}\n- {ACCOUNT}")
    assert [fault.split(": ", 2)[1] for fault in found] == ["accounts[1].customer_id", "accounts[1].phone"]
    assert (
        "has a persona already" in faults(f'numbers: {{"+8613800000001": busy}}\naccounts:\n- {ACCOUNT}')[0]
    )


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.yaml"):
        load_scenario(tmp_path / "nothing.yaml")


@given(st.text(max_size=200))
def test_any_text_is_a_scenario_or_an_input_error(text: str) -> None:
    found: Scenario | InputError
    try:
        found = parse_scenario(text)
    except InputError as error:
        found = error
    assert found.problems if isinstance(found, InputError) else found.default == "unallocated"


def test_the_shipped_personas_can_be_read_and_explain_themselves() -> None:
    found = shipped_personas()
    assert {"busy", "rejects", "no_answer", "unallocated", "switched_off", "no_rtp", "black_hole"} <= set(
        found
    )
    assert all(each.about for each in found.values())


@given(st.text(max_size=50))
def test_a_number_that_cannot_be_is_no_number(text: str) -> None:
    found = e164(text, "CN")
    assert found is None or found.startswith("+")


def test_data_are_where_they_are_looked_for() -> None:
    assert (DATA / "personas.yaml").is_file()


def test_the_demonstration_has_24_accounts_over_every_behaviour() -> None:
    found = load_scenario()
    assert len(found.accounts) == 24
    assert len(found.silent_numbers()) == 1
    assert len(found.caller_ids) >= 2
    used = {account.persona for account in found.accounts}
    left = (
        set(found.personas)
        - used
        - {"barred", "unreachable", "long_ring", "voicemail_en", "out_of_reach", "call_barred"}
    )
    assert left == set()
    files = {each.announce.file for each in found.personas.values() if each.announce is not None}
    folder = Path(__file__).parents[2] / "dialplan" / "announcements"
    assert all((folder / f"{name}.wav").is_file() for name in files - {""})
    dispositions = {account.expected.disposition for account in found.accounts}
    table = (Path(__file__).parents[2] / "dialplan" / "dispositions.yaml").read_text(encoding="utf-8")
    assert all(f"\n  {name}: {{" in table for name in dispositions)
    assert len(dispositions) >= 20
