"""The events that webhooks may be told of: stable names, and what each one says. docs/webhooks.md has their schemas."""

from __future__ import annotations

from collections.abc import Mapping

EVENTS: Mapping[str, str] = {
    "call.completed": "an attempt that was dialled is closed",
    "collection.ptp.created": "a promise to pay was made and confirmed",
    "collection.ptp.kept": "a promise was paid in full by its day",
    "collection.ptp.partly_kept": "a promised day has passed with a part of it paid",
    "collection.ptp.broken": "a promised day has passed without a payment",
    "collection.ptp.withdrawn": "nothing more is expected of a promise",
    "collection.dispute.opened": "a dispute was opened; collection of the account rests",
    "collection.dispute.escalated": "the time for the answer to a dispute has passed",
    "collection.dispute.decided": "a dispute has its answer",
    "collection.dispute.closed": "a dispute is closed: the customer has been told, or has taken it back",
    "payment.received": "a payment was recorded",
    "payment.reversed": "a payment was taken back, wholly or in part",
    "payment.unmatched": "a payment came that belongs to no known bill, or is in another currency",
    "collection.plan.requested": "a plan was asked for",
    "collection.plan.approved": "everybody who has to has approved a plan",
    "collection.plan.rejected": "a plan was refused, by a rule or by a person",
    "collection.plan.activated": "an approved and accepted plan has begun",
    "collection.plan.instalment_missed": "the day of an instalment has passed without its payment",
    "collection.plan.completed": "a plan is paid, or nothing is owed any more",
    "collection.plan.breached": "an instalment was not paid within its days of grace: the rest is due at once",
    "collection.plan.cancelled": "a plan was taken back, or overtaken by something else",
    "payment.settled": "nothing is owed of a bill any more",
    "message.sent": "a provider has taken a message to a customer",
    "message.delivered": "a message has arrived",
    "message.failed": "a message did not arrive over this channel; the next one is tried",
    "message.replied": "a customer has written back",
    "customer.opted_out": "a customer wants no more messages",
    "alert.triggered": "something needs a person",
    "webhook.dead": "an event could not be delivered to a webhook and waits to be replayed",
    "webhook.endpoint": "a webhook is failing, disabled or active again",
}
