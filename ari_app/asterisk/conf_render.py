"""Renders Asterisk configuration: ``@NAME@`` placeholders in layered folders of ``*.conf`` files.

A layer is a folder; a file of a later layer takes the place of the same name in an earlier one. What is not a
placeholder is left alone: the dialplan's own ``${...}`` needs no escaping.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ari_app.errors import ConfigError

_PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")
# Asterisk's parser: ';' opens a comment, '[' a section, '#' a directive, '\' escapes; control characters end a line.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029;\\]")


class ConfRenderError(ConfigError):
    """A template names a placeholder without a value, or a value would not stay inside its line."""


def placeholders(text: str) -> frozenset[str]:
    """Names of all placeholders in a template."""
    return frozenset(_PLACEHOLDER.findall(text))


def check_value(name: str, value: str) -> str:
    """The value itself, where it can stand in a configuration line without changing its meaning.

    :raises ConfRenderError: it is empty or holds a line break, another control character, ``;`` or ``\\``, or has
        white space at an end.
    """
    if not value or value != value.strip():
        raise ConfRenderError(f"value of @{name}@ is empty or has white space at an end")
    bad = _FORBIDDEN.search(value)
    if bad is not None:
        raise ConfRenderError(
            f"value of @{name}@ holds {bad[0]!r} at position {bad.start()}: line breaks, control characters, ';' and "
            "'\\' would change the configuration"
        )
    return value


def render_text(template: str, values: Mapping[str, str], where: str) -> str:
    """The template with every ``@NAME@`` replaced; values are not searched for placeholders again.

    :param where: file name for error messages; a message names the line but never a value (it may be a secret).
    :raises ConfRenderError: a placeholder without a value, or a value that :func:`check_value` refuses.
    """
    lines: list[str] = []
    for number, line in enumerate(template.split("\n"), start=1):
        missing = sorted(placeholders(line) - values.keys())
        if missing:
            raise ConfRenderError(
                f"{where}:{number}: no value for @{'@, @'.join(missing)}@ (known: {', '.join(sorted(values))})"
            )
        lines.append(_PLACEHOLDER.sub(lambda match: check_value(match[1], values[match[1]]), line))
    return "\n".join(lines)


def render_layers(layers: Sequence[Path], target: Path, values: Mapping[str, str]) -> list[Path]:
    """Renders every ``*.conf`` of the layers into ``target``; all is rendered before the first file is written.

    Files are readable by their owner alone, for they hold secrets.

    :returns: the written files, in order of name.
    :raises ConfRenderError: see :func:`render_text`; nothing has been written then.
    """
    sources: dict[str, Path] = {}
    for layer in layers:
        if not layer.is_dir():
            raise ConfRenderError(f"{layer}: no such folder of configuration templates")
        sources |= {path.name: path for path in layer.glob("*.conf")}
    texts: dict[str, str] = {}
    for name, source in sorted(sources.items()):
        try:
            template = source.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfRenderError(f"{source}: not UTF-8 (byte {error.start})") from error
        texts[name] = render_text(template, values, str(source))
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, text in texts.items():
        path = target / name
        temporary = target / f".{name}.new"
        temporary.write_text("", encoding="utf-8")
        temporary.chmod(0o600)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
        written.append(path)
    return written
