"""The lab's records, its second witness, its recordings, and the comparison with the store."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.errors import InputError
from ari_app.lab.agreement import Agreement, comparable, compare
from ari_app.lab.black_hole import parse_invite
from ari_app.lab.cdr import read_cdr
from ari_app.lab.hearing import Hearing
from ari_app.lab.persona import Beep, Say
from ari_app.lab.records import CallRecords, LabCall, foreign, read_records, records_csv
from ari_app.lab.tape import MOST_SECONDS, Tape, check_far_end
from ari_app.lab.utterances import beep_pcm, shaped
from ari_app.voice.pcm import duration_s, level_dbfs, silence

pytestmark = pytest.mark.pure

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LOUD = beep_pcm(Beep(440.0, 0.02))
FRAME = beep_pcm(Beep(440.0, 1.0))[6400:7040]


def a_call(**changes: object) -> LabCall:
    plain = LabCall(
        call=0,
        dialled="+8613800000001",
        caller_id="01055550100",
        invited_at=START.isoformat(),
        sip_call_id="abc",
        persona="busy",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


# --------------------------------------------------------------------------------------------------- records


def test_a_call_is_on_the_disk_from_its_invite_on(tmp_path: Path) -> None:
    with CallRecords(tmp_path) as records:
        call = records.invite(a_call())
        assert [each.complete for each in read_records(records.path)] == [False]
        records.step("ringing", call, START + timedelta(seconds=1))
        records.step("answered", call, START + timedelta(seconds=2))
        (seen,) = read_records(records.path)
        assert seen.ringing_at == "2026-11-23T02:00:01+00:00"
        assert seen.answered_at == "2026-11-23T02:00:02+00:00"
        call.said.append("yes")
        records.end(call)
        (seen,) = read_records(records.path)
        assert seen == call
        assert seen.complete
    assert records.path.stat().st_mode & 0o777 == 0o600


@given(cut=st.integers(0, 2000))
def test_a_lab_killed_while_it_wrote_loses_only_the_torn_line(
    cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("records")
    with CallRecords(folder) as records:
        for _ in range(3):
            records.end(records.invite(a_call()))
    whole = records.path.read_bytes()
    torn = whole[: min(cut, len(whole))]
    records.path.write_bytes(torn)
    lines = torn.split(b"\n")
    kept = {json.loads(line)["call"] for line in lines[:-1]}
    assert {each.call for each in read_records(records.path)} >= kept
    with CallRecords(folder) as again:
        following = again.invite(a_call())
    assert following.call not in kept
    found = read_records(records.path)
    assert {each.call for each in found} >= kept | {following.call}
    assert found[-1].call == following.call


def test_damaged_records_are_an_error_with_their_line_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text('{"type": "invite"}\nrubbish\n{"type": "ringing", "call": 7, "at": "x"}\n')
    with pytest.raises(InputError) as caught:
        CallRecords(tmp_path)
    assert [problem.where for problem in caught.value.problems] == [f"{path}:{n}" for n in (1, 2, 3)]
    assert path.read_text().startswith('{"type": "invite"}')


def test_the_csv_view_has_a_line_for_each_call_and_runs_nothing(tmp_path: Path) -> None:
    with CallRecords(tmp_path) as records:
        records.end(records.invite(a_call(caller_name="=cmd|' /C calc'!A0", said=["yes", "no, 'x'"])))
        rows = list(csv.DictReader(io.StringIO(records.write_csv().read_text(encoding="utf-8"))))
    assert len(rows) == 1
    assert rows[0]["dialled"] == "+8613800000001"
    assert rows[0]["caller_name"].startswith("'=")
    assert rows[0]["said"] == "yes | no, 'x'"
    assert records_csv([]).count("\n") == 1


@given(st.one_of(st.text(), st.none(), st.integers()))
def test_a_foreign_text_is_one_printable_line(text: object) -> None:
    found = foreign(text)
    assert found.isprintable()
    assert len(found) <= 256


# --------------------------------------------------------------------------------------------------- CDR


def test_the_carriers_own_records_count_each_call_once(tmp_path: Path) -> None:
    path = tmp_path / "Master.csv"
    assert read_cdr(path) == []
    row = (
        '"","01055550100","{}","from-pbx","""Water"" <01055550100>","{}","","Stasis","lab,1",'
        '"2026-11-23 20:34:07",{},"2026-11-23 20:34:09",2,1,"ANSWERED","DOCUMENTATION","{}","{}","","x",0\n'
    )
    path.write_text(
        row.format("138", "PJSIP/trunk-1", "", "c.1", "")
        + row.format("138", "PJSIP/trunk-1", '"2026-11-23 20:34:08"', "c.1", "")
        + row.format("603", "PJSIP/trunk-2", "", "c.2", "139")
        + row.format("s", "WebSocket/INCOMING/0x1", "", "c.3", "")
        + "a torn li"
    )
    found = read_cdr(path)
    assert [each.number for each in found] == ["138", "139"]
    assert found[0].answered_at == datetime(2026, 11, 23, 20, 34, 8, tzinfo=UTC)
    assert found[1].answered_at is None
    assert (found[0].duration, found[0].billed) == (2, 1)


# --------------------------------------------------------------------------------------------------- agreement


def an_attempt(number: int, **changes: object) -> dict[str, object]:
    return {
        "attempt_id": f"a{number}",
        "customer_id": f"c{number}",
        "phone": "+8613800000001",
        "caller_id": "01055550100",
        "channel": "call",
        "dialled_at": (START - timedelta(milliseconds=20)).isoformat(),
        "answered_at": None,
        "disposition": "busy",
        **changes,
    }


def test_an_attempt_and_its_call_agree() -> None:
    found = compare([an_attempt(1)], [a_call(call=1)], cdr_calls=1)
    assert found.agrees
    assert (found.lab_calls, found.attempts_dialled, len(found.pairs), found.double_dials) == (1, 1, 1, 0)


def test_numbers_are_the_same_in_every_form() -> None:
    assert compare([an_attempt(1)], [a_call(call=1, dialled="13800000001", caller_id="+861055550100")]).agrees
    assert comparable("0086 138 0000 0001") == comparable("138-0000-0001") == "+8613800000001"
    assert comparable(None) == ""


def test_a_second_call_for_one_attempt_is_a_double_dial() -> None:
    twice = [a_call(call=1), a_call(call=2, sip_call_id="def")]
    found = compare([an_attempt(1)], twice)
    assert found.double_dials == 1
    assert not found.agrees
    assert found.mismatches == ("call 2: no attempt in the store dialled it",)


@pytest.mark.parametrize(
    ("attempts", "calls", "says"),
    [
        ([an_attempt(1)], [], "no call arrived"),
        ([], [a_call(call=1)], "no attempt in the store"),
        ([an_attempt(1, phone="+8613800000002")], [a_call(call=1)], "no call arrived"),
        ([an_attempt(1, caller_id="01055550101")], [a_call(call=1)], "another caller ID"),
        ([an_attempt(1, answered_at=START.isoformat())], [a_call(call=1)], "answered according to the store"),
        (
            [an_attempt(1)],
            [a_call(call=1, answered_at=START.isoformat())],
            "not answered according to the store",
        ),
        (
            [an_attempt(1)],
            [a_call(call=1, invited_at=(START + timedelta(hours=1)).isoformat())],
            "no call arrived",
        ),
        (
            [an_attempt(1), an_attempt(2, phone="+8613800000002")],
            [a_call(call=1), a_call(call=2, dialled="+8613800000002")],
            "the same SIP Call-ID",
        ),
    ],
)
def test_a_disagreement_is_told_in_a_sentence(
    attempts: list[dict[str, object]], calls: list[LabCall], says: str
) -> None:
    found = compare(attempts, calls)
    assert not found.agrees
    assert any(says in each for each in found.mismatches), found.mismatches


def test_an_attempt_of_a_controller_that_died_may_be_unsent() -> None:
    found = compare([an_attempt(1, disposition="interrupted")], [])
    assert found.agrees
    assert found.unsent == ("a1",)


def test_an_attempt_that_was_not_dialled_or_no_call_makes_none() -> None:
    assert compare([an_attempt(1, dialled_at=None), an_attempt(2, channel="sms")], []).agrees


def test_the_cdr_is_a_second_witness() -> None:
    calls = [a_call(call=1), a_call(call=2, persona="black_hole", sip_call_id="x", dialled="+8613800000002")]
    attempts = [an_attempt(1), an_attempt(2, phone="+8613800000002")]
    assert compare(attempts, calls, cdr_calls=1).agrees
    assert "the carrier's CDR has 2 calls" in compare(attempts, calls, cdr_calls=2).mismatches[0]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10_000)), max_size=12, unique_by=lambda each: each),
    st.randoms(use_true_random=False),
)
def test_the_same_calls_always_agree_and_one_call_more_is_always_seen(
    dials: list[tuple[int, int]], random: object
) -> None:
    attempts, calls = [], []
    for place, (number, minutes) in enumerate(dials):
        phone, at = f"+861380000000{number}", START + timedelta(minutes=minutes)
        attempts.append(an_attempt(place, phone=phone, dialled_at=at.isoformat()))
        calls.append(
            a_call(
                call=place + 1,
                dialled=phone,
                sip_call_id=str(place),
                invited_at=(at + timedelta(seconds=1)).isoformat(),
            )
        )
    found = compare(attempts, list(reversed(calls)))
    assert found.agrees
    assert len(found.pairs) == len(dials)
    assert {(each.attempt_id, each.call) for each in found.pairs} == {
        (f"a{n}", n + 1) for n in range(len(dials))
    }
    if calls:
        extra = replace(calls[0], call=99, sip_call_id="more")
        more: Agreement = compare(attempts, [*calls, extra])
        assert more.double_dials == 1
        assert not more.agrees
        assert not compare(attempts, calls[1:]).agrees


# --------------------------------------------------------------------------------------------------- hearing


def heard(*stretches: tuple[float, float]) -> Hearing:
    """Speech between the given seconds, frames every 20 ms."""
    found = Hearing()
    for start, end in stretches:
        for step in range(round((end - start) / 0.02)):
            found.push(FRAME, start + step * 0.02)
    return found


def test_a_prompt_is_over_after_speech_and_silence() -> None:
    found = heard((1.0, 3.0))
    assert not found.prompt_over(3.2, 0.6)
    assert found.prompt_over(3.7, 0.6)
    found.forget()
    assert not found.prompt_over(9.0, 0.6)
    assert not Hearing().prompt_over(9.0, 0.1)


def test_a_pause_within_a_prompt_does_not_end_it_and_a_click_is_none() -> None:
    assert not heard((1.0, 2.0), (2.4, 3.0)).prompt_over(3.3, 0.6)
    assert heard((1.0, 2.0), (2.4, 3.0)).speaking_for(3.0) == pytest.approx(2.0)
    assert not heard((1.0, 1.1)).prompt_over(9.0, 0.6)
    assert heard((1.0, 1.1)).speaking_for(1.2) == 0.0
    # The end of a sentence that was cut off is no prompt that goes on, however long ago it was.
    assert heard((1.0, 2.0)).speaking_for(2.4) == 0.0


def test_silence_and_quiet_noise_are_not_heard() -> None:
    found = Hearing()
    for step in range(100):
        found.push(silence(0.02), step * 0.02)
        found.push(bytes(noise(-60.0)[:640]), step * 0.02)
    assert found.total_s == 0.0


def noise(level: float) -> bytes:
    return shaped(silence(0.02), Say("x", "en", noise=level))


# --------------------------------------------------------------------------------------------------- sound


def test_a_tape_puts_both_sides_where_they_belong(tmp_path: Path) -> None:
    tape = Tape(100.0)
    for step in range(50):
        tape.heard(FRAME, 101.02 + step * 0.02 + (0.03 if step % 7 == 0 else 0.0))
    tape.said(FRAME * 25, 103.0)
    tape.stopped_saying(103.3)
    assert tape.write(tmp_path / "far.wav")
    found = check_far_end(tmp_path / "far.wav")
    assert found.seconds == pytest.approx(3.3, abs=0.02)
    assert found.heard_seconds == pytest.approx(1.0, abs=0.05)
    assert found.said_seconds == pytest.approx(0.3, abs=0.02)


def test_an_empty_tape_is_no_file_and_a_long_one_is_bounded(tmp_path: Path) -> None:
    assert not Tape(0.0).write(tmp_path / "none.wav")
    assert not (tmp_path / "none.wav").exists()
    tape = Tape(0.0)
    tape.said(FRAME, MOST_SECONDS + 5)
    assert tape.lost_s == pytest.approx(0.02)
    assert tape.seconds == 0.0


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 20)), max_size=30))
def test_a_tape_never_runs_backwards(events: list[tuple[bool, float]]) -> None:
    tape = Tape(5.0)
    length = 0.0
    for heard_it, at in events:
        (tape.heard if heard_it else tape.said)(FRAME, at)
        assert tape.seconds >= length
        length = tape.seconds


def test_something_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFFrubbish")
    with pytest.raises(ValueError, match="no WAV file"):
        check_far_end(tmp_path / "x.wav")


def test_speech_is_made_louder_faster_and_noisier_the_same_way_every_time() -> None:
    speech = beep_pcm(Beep(300.0, 1.0))
    assert shaped(speech, Say("x", "en")) == speech
    assert level_dbfs(shaped(speech, Say("x", "en", level=-30.0))) == pytest.approx(-30.0, abs=0.1)
    assert duration_s(shaped(speech, Say("x", "en", speed=2.0))) == pytest.approx(0.5, abs=0.01)
    noisy = Say("x", "en", noise=-50.0)
    assert shaped(silence(1.0), noisy) == shaped(silence(1.0), noisy)
    assert level_dbfs(shaped(silence(1.0), noisy)) == pytest.approx(-50.0, abs=0.3)


def test_the_beep_is_a_pure_tone() -> None:
    sound = np.frombuffer(beep_pcm(Beep(1000.0, 0.4)), dtype="<i2").astype(float)
    assert len(sound) == 6400
    assert np.argmax(np.abs(np.fft.rfft(sound))) * 16_000 / 6400 == pytest.approx(1000.0)


# --------------------------------------------------------------------------------------------------- INVITEs

INVITE = (
    b"INVITE sip:%2B8613800000001@127.0.0.1:5060 SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 127.0.0.1\r\n"
    b'From: "Example \\"Water\\"" <sip:01055550100@127.0.0.1>;tag=1\r\n'
    b"To: <sip:x@y>\r\nCall-ID: abc@def\r\n\r\nv=0\r\n"
)


def test_an_invite_is_read() -> None:
    found = parse_invite(INVITE)
    assert found is not None
    assert found.number == "+8613800000001"
    assert (found.caller_id, found.caller_name) == ("01055550100", 'Example "Water"')
    assert found.call_id == "abc@def"
    short = (
        INVITE.replace(b"Call-ID", b"i").replace(b"From", b"f").replace(b'"Example \\"Water\\""', b"Water")
    )
    found = parse_invite(short)
    assert found is not None
    assert found.caller_name == "Water"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 100,
        INVITE.replace(b"INVITE", b"OPTIONS"),
        INVITE.replace(b"Call-ID", b"X"),
        INVITE.replace(b"From", b"X"),
        INVITE.replace(b" SIP/2.0\r\n", b" SIP/9\r\n", 1),
        INVITE + b"x" * 70_000,
    ],
)
def test_what_is_no_invite_is_nothing(data: bytes) -> None:
    assert parse_invite(data) is None


@given(st.binary(max_size=300), st.integers(0, len(INVITE)))
def test_no_datagram_makes_the_reader_fail(junk: bytes, place: int) -> None:
    parse_invite(junk)
    found = parse_invite(INVITE[:place] + junk + INVITE[place:])
    if found is not None:
        assert all(
            text.isprintable() for text in (found.number, found.call_id, found.caller_id, found.caller_name)
        )
