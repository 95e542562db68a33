"""Settings of message gateways that could never work are refused when they are read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ari_app.config.messages import HttpGatewaySettings

pytestmark = pytest.mark.pure

GATEWAY = {"channel": "sms", "provider": "acme", "url": "https://sms.example.com/send"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"headers": {"Host": "inside.example"}},
        {"headers": {"Content-Length": "5"}},
        {"headers": {"X-A": "a\r\nX-B: b"}},
        {"headers": {"X-A": "a\0"}},
        {"key_header": "Transfer-Encoding"},
    ],
)
def test_headers_that_break_every_request_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as found:
        HttpGatewaySettings.model_validate(GATEWAY | wrong)
    assert "X-B" not in str(found.value)


def test_other_headers_are_taken() -> None:
    found = HttpGatewaySettings.model_validate(
        GATEWAY | {"headers": {"X-App": "余额"}, "key_header": "X-Key"}
    )
    assert found.headers == {"X-App": "余额"}
