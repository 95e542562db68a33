"""The operator's guide to flows: its example is the file beside it, and every command in it prints what it says.

A guide is walked from top to bottom: a whole flow or file of conversations is saved where the operator would save it, and
every command is run in that folder. ``console`` blocks hold commands (``$``), what is typed (``>``) and what is printed.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ari_app.cli.main import app
from ari_app.dialogue.flow_keys import ANSWERS, STATE_KEYS
from tests.support.docs import ROOT, table_keys

pytestmark = pytest.mark.fakes

GUIDES = ("flows-guide.md", "flows-guide.zh-CN.md")
EXAMPLES = ROOT / "docs" / "examples" / "flows"
FLOW, CONVERSATIONS = Path("dialplan/flows/rent.yaml"), Path("dialplan/flows/tests/rent.yaml")

#: What each fault of the guide stands in place of, in its order; the last one is a conversation.
MENDED = (
    "    hung_up: informed\n    next: ask_rent\n",
    (
        "            say:\n              zh: 好的，我们重新登记。\n              en: All right, let us do that again.\n"
        "      max_tries: 3\n"
    ),
    "              en: All right, let us do that again.\n",
    '        "0": request_human\n      include: [anywhere, person, bill, paying, promise]\n',
    "      no_input_s: 7\n      no_input: {then: informed}\n",
    "    covers: [arrears_fact, deadline]\n    hung_up: informed\n",
    "        affirm: ask_when\n        deny: confirm_refusal\n",
    "states:\n",
    '      promises: [{amount: "3200.00", date: 2026-03-11}]\n',
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a guide; ``text`` ends with a line end."""

    kind: str
    text: str

    @property
    def whole(self) -> Path | None:
        """Where a whole file is saved; None for a piece."""
        if self.kind == "json":
            return Path("task.json")
        if self.kind != "yaml" or not re.search(r"^flow: rent$", self.text, re.M):
            return None
        return CONVERSATIONS if re.search(r"^conversations:$", self.text, re.M) else FLOW


def blocks(page: str) -> list[Block]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [Block(*found) for found in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)]


def before_the_faults(page: str) -> list[Block]:
    return blocks(page)[: -2 * len(MENDED)]


def bare(text: str) -> str:
    """YAML without comments and empty lines."""
    return "".join(line + "\n" for line in text.splitlines() if line.strip() and line.strip()[0] != "#")


def pieces(command_lines: str) -> Iterator[tuple[str, str, str]]:
    """Of a console block: each command, what is typed into it, what it prints."""
    for part in re.split(r"^\$ ", command_lines, flags=re.M)[1:]:
        command, _, rest = part.partition("\n")
        typed = "".join(re.findall(r"^> (.*\n)", rest, re.M))
        yield command, typed, re.sub(r"^> .*\n", "> ", rest, flags=re.M)


def ran(command: str, typed: str, folder: Path) -> tuple[int, str]:
    """Exit status and output of a command; what it writes with ``>`` is not looked at."""
    program, *arguments = shlex.split(command.partition(" > ")[0])
    assert program == "ari-app"
    env = {"ARI_APP_DIALPLAN_DIR": str(folder / "dialplan"), "ARI_APP_DATA_DIR": str(folder / "data")}
    result = CliRunner().invoke(app, arguments, input=typed, env=env)
    return result.exit_code, result.output.replace(f"{folder}/", "")


def settled(printed: str) -> str:
    """An output without the figures that move whenever the understanding learns."""
    return re.sub(r"confidence \d\.\d\d", "confidence", printed)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which somebody works along with the guide."""
    for name in ("flows", "rules", "calendars"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / "dialplan" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def saved(page: str, folder: Path) -> None:
    for block in before_the_faults(page):
        if block.whole is not None:
            (folder / block.whole).write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("page", GUIDES)
def test_the_whole_example_stands_in_the_guide(page: str) -> None:
    whole = [block for block in blocks(page) if block.kind == "yaml" and block.whole is not None]
    assert [block.whole for block in whole] == [FLOW, FLOW, CONVERSATIONS]
    for block, file in zip(
        whole[1:], (EXAMPLES / "rent.yaml", EXAMPLES / "tests" / "rent.yaml"), strict=True
    ):
        assert bare(block.text) == bare(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", GUIDES)
def test_every_piece_of_the_guide_is_a_piece_of_the_example(page: str) -> None:
    example = bare((EXAMPLES / "rent.yaml").read_text(encoding="utf-8"))
    found = [block for block in before_the_faults(page) if block.kind == "yaml" and block.whole is None]
    assert len(found) >= 10
    assert [block.text for block in found if bare(block.text) not in example] == []


@pytest.mark.parametrize("page", GUIDES)
def test_every_command_prints_what_the_guide_says(page: str, folder: Path) -> None:
    run = 0
    for block in before_the_faults(page):
        if block.whole is not None:
            (folder / block.whole).write_text(block.text, encoding="utf-8")
        if block.kind != "console":
            continue
        for command, typed, printed in pieces(block.text):
            code, told = ran(command, typed, folder)
            assert code == 0, told
            assert settled(told) == settled(printed) or " > " in command, command
            run += 1
    assert run >= 7


@pytest.mark.parametrize("number", range(len(MENDED)))
def test_a_fault_is_told_as_the_guide_says(number: int, folder: Path) -> None:
    saved(GUIDES[0], folder)
    written, told = blocks(GUIDES[0])[-2 * len(MENDED) :][2 * number : 2 * number + 2]
    last = number == len(MENDED) - 1
    path = folder / (CONVERSATIONS if last else FLOW)
    text = path.read_text(encoding="utf-8")
    assert MENDED[number] in text
    path.write_text(text.replace(MENDED[number], written.text, 1), encoding="utf-8")
    command = "ari-app flow test rent" if last else "ari-app flow check rent"
    assert ran(command, "", folder) == (1, told.text)


def test_both_guides_show_the_same() -> None:
    """The same commands, files and faults; comments are in the guide's language, on the same lines."""

    def shown(block: Block) -> str:
        if block.kind == "console":
            commands = (command.replace("--lang en", "") for command, _, _ in pieces(block.text))
            return "\n".join(" ".join(command.split()) for command in commands)
        return re.sub(r"^ *#.*$", "", block.text, flags=re.M) if block.kind == "yaml" else block.text

    english, chinese = ([shown(block) for block in blocks(page)] for page in GUIDES)
    assert english == chinese


def test_every_meaning_that_a_guide_lists_is_known() -> None:
    texts = [(ROOT / "docs" / page).read_text(encoding="utf-8") for page in GUIDES]
    english, chinese = (
        [word.strip("`") for row in table_keys(text) for word in row if " " not in word] for text in texts
    )
    assert english == chinese
    assert len(english) > 15
    assert [word for word in english if word not in {*ANSWERS, *STATE_KEYS}] == []


def test_the_picture_shows_every_state_of_the_example() -> None:
    picture = (ROOT / "docs" / "images" / "rent-flow.svg").read_text(encoding="utf-8")
    states = re.findall(r"^  (\w+):$", (EXAMPLES / "rent.yaml").read_text(encoding="utf-8"), re.M)
    assert "ask_rent" in states
    assert [name for name in states if f">{name}</text>" not in picture] == []
