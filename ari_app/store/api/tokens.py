"""Tokens and the requests that were made with them."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta

from ari_app.domain.api_scope import Scope
from ari_app.ports.api import Answer, ApiToken, Begun, RequestState
from ari_app.store.codec import document, instant, instant_or_none, micros, plain, words, words_of
from ari_app.store.queries import SQL

#: A claim without an answer after so long belongs to a program that has ended.
LAPSES = timedelta(minutes=2) // timedelta(microseconds=1)


def add_token(connection: sqlite3.Connection, token: ApiToken) -> None:
    """See ``ApiStore.add_token``."""
    connection.execute(
        SQL["add_api_token"],
        {
            "token_id": token.token_id,
            "name": plain(token.name),
            "digest": token.digest,
            "scopes": words(sorted(token.scopes)),
            "created_at": micros(token.created_at),
            "expires_at": micros(token.expires_at),
        },
    )


def token_of(row: sqlite3.Row) -> ApiToken:
    """A token of a row. A right that this version does not know is not given."""
    known = set(Scope)
    return ApiToken(
        token_id=row["token_id"],
        name=row["name"],
        digest=row["digest"],
        scopes=frozenset(Scope(word) for word in words_of(row["scopes"]) if word in known),
        created_at=instant(row["created_at"]),
        expires_at=instant(row["expires_at"]),
        last_used_at=instant_or_none(row["last_used_at"]),
        revoked_at=instant_or_none(row["revoked_at"]),
    )


def token(connection: sqlite3.Connection, token_id: str) -> ApiToken | None:
    """See ``ApiStore.token``."""
    row = connection.execute(SQL["api_token"], {"token_id": plain(token_id)}).fetchone()
    return None if row is None else token_of(row)


def tokens(connection: sqlite3.Connection) -> list[ApiToken]:
    """See ``ApiStore.tokens``."""
    return [token_of(row) for row in connection.execute(SQL["api_tokens"]).fetchall()]


def token_used(connection: sqlite3.Connection, token_id: str, now: int) -> None:
    """See ``ApiStore.token_used``."""
    connection.execute(SQL["api_token_used"], {"token_id": token_id, "now": now})


def revoke_token(connection: sqlite3.Connection, token_id: str, now: int) -> bool:
    """See ``ApiStore.revoke_token``."""
    return (
        connection.execute(SQL["revoke_api_token"], {"token_id": plain(token_id), "now": now}).rowcount == 1
    )


def begin_request(
    connection: sqlite3.Connection, token_id: str, key: str, fingerprint: bytes, now: int, forget_before: int
) -> RequestState:
    """See ``ApiStore.begin_request``. ``forget_before``: older answers do not count."""
    asked = {"token_id": token_id, "key": key, "fingerprint": fingerprint, "now": now}
    if connection.execute(SQL["begin_api_request"], asked).rowcount == 1:
        return RequestState(Begun.NEW)
    row = connection.execute(SQL["api_request"], asked).fetchone()
    lapsed = row["began_at"] < (forget_before if row["status"] is not None else now - LAPSES)
    if lapsed:
        connection.execute(SQL["take_api_request"], asked)
        return RequestState(Begun.NEW)
    if row["fingerprint"] != fingerprint:
        return RequestState(Begun.OTHER)
    if row["status"] is None:
        return RequestState(Begun.UNDER_WAY)
    headers = {str(name): str(value) for name, value in json.loads(row["headers"]).items()}
    return RequestState(Begun.ANSWERED, Answer(row["status"], headers, row["body"]))


def finish_request(connection: sqlite3.Connection, token_id: str, key: str, answer: Answer) -> None:
    """See ``ApiStore.finish_request``."""
    connection.execute(
        SQL["finish_api_request"],
        {
            "token_id": token_id,
            "key": key,
            "status": answer.status,
            "headers": document(dict(answer.headers)),
            "body": answer.body,
        },
    )


def drop_request(connection: sqlite3.Connection, token_id: str, key: str) -> None:
    """See ``ApiStore.drop_request``."""
    connection.execute(SQL["drop_api_request"], {"token_id": token_id, "key": key})


def forget_requests(connection: sqlite3.Connection, before: int) -> int:
    """See ``ApiStore.forget_requests``."""
    return connection.execute(SQL["forget_api_requests"], {"before": before}).rowcount
