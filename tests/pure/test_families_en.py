"""English families of sentences: what each says at a question, and near ones that say something else."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ari_app.dialogue.understanding import understand

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

#: Question, what was said, the intent, then a dispute's category or further intents.
SAID = (
    # Who speaks.
    ("opening", "mum is not in", "third_party", ""),
    ("opening", "i am his carer he is asleep", "third_party", ""),
    ("opening", "you would have to ask my wife about that", "third_party", ""),
    ("opening", "i will pass on the message", "third_party", ""),
    ("opening", "this is a bakery there is no peter here", "identity_deny", ""),
    ("opening", "same name but a different man", "identity_deny", ""),
    ("opening", "i think you have misdialled", "identity_deny", ""),
    ("opening", "in the flesh", "identity_confirm", ""),
    ("opening", "yes this is carol", "identity_confirm", ""),
    # Paid.
    ("inform", "that went out of my account on monday", "already_paid", ""),
    ("inform", "my husband took care of it last week", "already_paid", ""),
    ("inform", "you have already taken the money", "already_paid", ""),
    ("ask_when", "yesterday", "already_paid", ""),
    ("ask_when", "two days ago", "already_paid", ""),
    ("ask_when", "i will have it all paid by friday", "promise_to_pay", ""),
    ("ask_when", "would it be alright if i paid on friday", "request_deferral", ""),
    ("inform", "i have not been paid since november", "hardship", ""),
    # Objections.
    ("inform", "you counted the same month twice", "dispute", "bill"),
    ("inform", "that late fee should not be there", "dispute", "bill"),
    ("inform", "it should be eighty dollars", "dispute", "bill"),
    ("dispute_describe", "the engineer never turned up", "dispute", "service"),
    ("dispute_describe", "we had no hot water for a week", "dispute", "service"),
    ("dispute_describe", "nobody has read the meter since summer", "dispute", "meter"),
    ("dispute_describe", "your reading is an estimate", "dispute", "meter"),
    ("dispute_describe", "i sold the flat last year", "dispute", "other"),
    ("dispute_describe", "the new tenant should get that", "dispute", "other"),
    ("dispute_describe", "i never signed anything", "dispute", "other"),
    ("ask_when", "my tax refund comes in ten days i will pay then", "promise_to_pay", ""),
    ("ask_when", "my tenant pays me on the first so i will pay on the second", "promise_to_pay", ""),
    ("confirm_ptp", "no that is wrong", "deny", ""),
    # Wishes.
    ("inform", "run me through the charges", "ask_fee_breakdown", ""),
    ("inform", "how was that worked out", "ask_fee_breakdown", ""),
    ("inform", "what does it come to", "ask_amount", ""),
    ("inform", "when was that due", "ask_due_date", ""),
    ("ask_when", "could i have it broken up into monthly payments", "request_installment", ""),
    ("ask_when", "could you push it back a month", "request_deferral", ""),
    ("ask_when", "cut me some slack till friday", "request_deferral", ""),
    ("ask_when", "put me down for friday", "promise_to_pay", ""),
    ("inform", "what other ways are there to pay", "ask_payment_method", ""),
    ("inform", "pass me to one of your staff", "request_human", ""),
    ("inform", "give me a bell after five", "request_callback", ""),
    ("opening", "half five would suit me", "request_callback", ""),
    ("closing", "ping me the payment link", "send_link", ""),
    ("inform", "are you just software", "ask_if_robot", ""),
    ("ask_plan", "yes please six months is good", "affirm", ""),
    # No.
    ("ask_when", "never", "refuse_to_pay", ""),
    ("ask_amount", "not a penny", "refuse_to_pay", ""),
    ("ask_amount", "eighty and not a penny more", "promise_to_pay", ""),
    ("inform", "make this the last time you ring", "stop_calling", ""),
    ("opening", "no more calls please", "stop_calling", ""),
    ("inform", "see you in court", "complaint_threat", ""),
    ("inform", "i am writing to my member of parliament", "complaint_threat", ""),
    ("inform", "they cut my hours to nothing", "hardship", ""),
    ("inform", "it is heating or eating here", "hardship", ""),
)


@pytest.mark.parametrize(
    ("context", "text", "intent", "category"), SAID, ids=[f"{row[0]}-{row[1]}" for row in SAID]
)
def test_a_sentence_is_of_its_family(context: str, text: str, intent: str, category: str) -> None:
    heard = understand(text, "en", context, NOW)
    assert (heard.intent, heard.dispute_category) == (intent, category)


def test_part_paid_and_the_rest_promised_has_both_sums_and_both_days_in_spoken_order() -> None:
    heard = understand(
        "seventy went out yesterday and the other thirty five i will send on friday", "en", "inform", NOW
    )
    assert heard.intent == "already_paid"
    assert [str(amount) for amount in heard.amounts] == ["70.00", "35.00"]
    assert [f"{day:%m-%d}" for day in heard.dates] == ["03-10", "03-13"]


def test_a_yes_before_a_matter_of_its_own_is_only_its_beginning() -> None:
    heard = understand("yeah but i have paid it on monday", "en", "inform", NOW)
    assert (heard.intent, heard.also) == ("already_paid", ())


def test_the_wish_to_be_left_alone_is_no_wish_to_be_called_again() -> None:
    heard = understand("call again and i will report you", "en", "opening", NOW)
    assert "request_callback" not in (heard.intent, *heard.also)
