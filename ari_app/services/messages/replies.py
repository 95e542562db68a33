"""What a written reply means, and what is done about it by itself (requirements C14, H8).

Deterministic: words that end messages come first, then the rules that also understand calls. What they are not sure of
waits for a person.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog

from ari_app.dialogue.understanding import understand
from ari_app.domain.call_result import Callback
from ari_app.domain.messages.replies import asks_nothing, ends_channel, ends_everything
from ari_app.domain.retry import callback_at
from ari_app.domain.rule_case import zone_of
from ari_app.ports.clock import Clock
from ari_app.ports.messages import Messages, Reply, ReplyAction, ReplyDecision, Sender

log = structlog.get_logger(__name__)

#: What is done by itself has to be as sure as this.
SURE = 0.8
#: A call that somebody asks for without a time.
SOON = timedelta(minutes=5)
_CJK = range(0x4E00, 0xA000)

_ACTIONS = {
    "stop_calling": ReplyAction.OPT_OUT,
    "already_paid": ReplyAction.PAID,
    "dispute": ReplyAction.DISPUTE,
    "send_link": ReplyAction.LINK,
    "ask_payment_method": ReplyAction.LINK,
}
#: Short ways to ask for a call that are no sentences.
_CALL_ME = frozenset({"回电", "请回电", "给我回电", "callme", "call", "callback", "callmeback"})


def decide_reply(text: str, sender: Sender, now: datetime) -> ReplyDecision:
    """What is done about a reply. Total: any text gets an answer."""
    if ends_everything(text):
        return ReplyDecision(ReplyAction.OPT_OUT, "opt_out")
    if ends_channel(text):
        return ReplyDecision(ReplyAction.OPT_OUT_CHANNEL, "opt_out_channel")
    if asks_nothing(text):
        return ReplyDecision(ReplyAction.NONE, "nothing")
    zone = zone_of(sender.timezone) or UTC
    language = "zh" if any(ord(sign) in _CJK for sign in text[:400]) else "en"
    heard = understand(text, language, "inform", now.astimezone(zone).replace(tzinfo=None))
    wants_call = heard.intent == "request_callback"
    if "".join(sign for sign in text.casefold() if sign.isalnum()) in _CALL_ME:
        wants_call = True
    elif heard.confidence < SURE or heard.finer:
        return ReplyDecision(ReplyAction.WAITS, heard.finer or heard.intent)
    if wants_call:
        wish = Callback(heard.dates[0] if heard.dates else None, heard.times[0] if heard.times else None)
        if heard.unclear_date:
            return ReplyDecision(ReplyAction.WAITS, "request_callback")
        at = now + SOON if wish == Callback() else callback_at(wish, zone, now)
        if at is None:  # a time that nobody can be called at
            return ReplyDecision(ReplyAction.WAITS, "request_callback")
        return ReplyDecision(ReplyAction.CALL_BACK, "request_callback", max(at, now))
    return ReplyDecision(_ACTIONS.get(heard.intent, ReplyAction.WAITS), heard.intent)


class Replies:
    """Takes replies in, whoever brings them."""

    def __init__(self, messages: Messages, clock: Clock) -> None:
        self._messages, self._clock = messages, clock

    async def take(self, reply: Reply) -> ReplyDecision | None:
        """Keep a reply and do what it asks for; None where it had come before."""
        now = self._clock.now()
        sender = await self._messages.sender(reply.channel, reply.contact)
        decision = decide_reply(reply.text, sender, now)
        if not await self._messages.reply(reply, decision, now):
            return None
        log.info(
            "a customer has written",
            channel=reply.channel,
            provider=reply.provider,
            understood=decision.understood,
            done=decision.action.value,
            known=bool(sender.customer_id),
        )
        return decision
