"""Who asks, and whether he may: bearer tokens with scopes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from ari_app.domain.api_scope import Scope
from ari_app.logs import mask_name, mask_number, mask_text
from ari_app.ports.api import ApiToken
from ari_app.services.api.tokens import Doorman
from ari_app.web.api.options import ApiOptions
from ari_app.web.api.problems import KINDS, ApiProblem
from ari_app.web.api.rates import Rates, rate_headers

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token of `ari-app api tokens add`, as `Authorization: Bearer ari_...`",
)


class Access:
    """The door of everything under /v1."""

    def __init__(self, doorman: Doorman, rates: Rates, options: ApiOptions) -> None:
        self._doorman, self._rates, self._options = doorman, rates, options

    async def enter(self, request: Request) -> ApiToken:
        """The token of a request. Raises ApiProblem: 401 for none that counts, 429 for one that asks too often."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        token = await self._doorman.recognise(text.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            taken, allowance = self._rates.take_address(_address(request)), self._options.address_rate
        else:
            taken, allowance = self._rates.take_token(token.token_id), self._options.token_rate
        if not taken.allowed:
            headers = rate_headers(taken.bucket, allowance, taken.retry_after_s)
            raise ApiProblem(429, KINDS[429], "too many requests", headers=headers)
        if token is None:
            raise ApiProblem(
                401,
                KINDS[401],
                "a token that is known, not expired and not revoked is wanted",
                headers={"WWW-Authenticate": 'Bearer realm="ari-app"'},
            )
        request.state.bucket, request.state.token = taken.bucket, token
        return token


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


async def _check(
    request: Request,
    scopes: SecurityScopes,
    shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> ApiToken:
    token: ApiToken = request.state.token  # ``routing.TokenRoute`` has let the request in
    missing = sorted(set(scopes.scopes) - set(token.scopes))
    if missing:
        raise ApiProblem(403, KINDS[403], f"the token lacks the scope {', '.join(missing)}")
    return token


def needs(*scopes: Scope) -> Any:
    """The dependency of a route that wants these scopes."""
    return Security(_check, scopes=[scope.value for scope in scopes])


class Sight:
    """What may be shown to a token: with ``read:personal`` everything, otherwise masked."""

    def __init__(self, full: bool) -> None:
        self.full = full

    def phone(self, phone: str) -> str:
        return phone if self.full else mask_number(phone)

    def name(self, name: str) -> str:
        return name if self.full else mask_name(name)

    def text(self, text: str) -> str:
        return text if self.full else mask_text(text)

    def contact(self, contact: str) -> str:
        """A telephone number, or an id of a customer, which is no secret."""
        return self.phone(contact) if contact.startswith("+") else contact


async def sight_of(request: Request) -> Sight:
    token: ApiToken = request.state.token
    return Sight(Scope.READ_PERSONAL in token.scopes)


Seen = Annotated[Sight, Depends(sight_of)]
