"""The data of an event as a file brings them whole: what holds for other systems holds for them."""

from __future__ import annotations

import msgspec
import pytest

from cases.events import Due, EventData
from feeds.reasons import Refusal
from feeds.values import payload_of

WHOLE = EventData(title="许可", approved_days=5, promised_due=Due(1_773_619_200_000_000), promised_limit="7wd",
                  result="granted", materials=("M1",), amount_fen=12_000, score=5,
                  attributes={"channel": "web"}, certificate_at=1_773_619_200_000_000, pinned=3, plan=2,
                  renamed={"审核": "复核"})


def told(data: EventData) -> str:
    return msgspec.json.encode(data).decode()


def test_what_this_program_wrote_is_read_back_as_it_was() -> None:
    assert payload_of(told(WHOLE), "data", 40) == WHOLE


@pytest.mark.parametrize(("text", "reason", "detail"), [
    ('{"score": 9}', "record_invalid", "score"), ('{"amount_fen": -1}', "record_invalid", "amount_fen"),
    ('{"approved_days": 100000}', "record_invalid", "approved_days"), ('{"result": "perhaps"}', "record_invalid", "result"),
    ('{"title": "' + "长" * 2001 + '"}', "record_invalid", "title"),
    ('{"attributes": {"a": "' + "x" * 2001 + '"}}', "record_invalid", "attributes"),
    ('{"own_due": [9000000000000000000, 480, "day"]}', "time_out_of_range", "own_due"),
    ('{"own_due": [1773619200000000, 9999, "day"]}', "time_out_of_range", "own_due"),
    ('{"own_due": [1773619200000000, 480, "week"]}', "time_out_of_range", "own_due"),
    ('{"certificate_at": 1000000000000000000}', "time_out_of_range", "certificate_at"),
    ('{"pinned": 10000000000000000000000000}', "number_unreadable", "pinned"), ('{"plan": -1}', "number_unreadable", "plan"),
    ('{"renamed": {"a": "' + "x" * 161 + '"}}', "value_too_long", "renamed"),
    ('{"title": "a\\u0001"}', "control_character", "data"), ('{"title": "a\\u0000"}', "nul_character", "data"),
    ('{"promised_limit": "soon"}', "record_invalid", "promised_limit"), ('{"title": 7}', "json_invalid", "title"),
    ('{"attributes": {"a": "1", "b": "2"}}', "attributes_too_many", "2")])
def test_what_no_system_could_have_sent_is_refused_by_the_column_and_the_field(text: str, reason: str, detail: str) -> None:
    with pytest.raises(Refusal) as refused:
        payload_of(text, "data", 1)
    assert refused.value.code == reason
    assert detail in str(refused.value.as_outcome())
