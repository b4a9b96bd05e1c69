import pytest

from whatsapp.graph.answers import Recipient, read_recipient


def answer(**contact):
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": "wamid.1"}]}


def test_a_phone_that_is_spelled_otherwise_is_read():
    found = read_recipient(answer(input="+55 11 99000-9045", wa_id="551190009045"))
    assert found == Recipient("+5511990009045", "+551190009045", None)


def test_a_phone_of_somebody_who_was_addressed_by_user_id_is_read():
    found = read_recipient(answer(input="BR.1", wa_id="551190009045"))
    assert found == Recipient("BR.1", "+551190009045", None)


def test_a_user_id_beside_another_phone_is_read():
    found = read_recipient(answer(input="+5511990009045", wa_id="551190009045", user_id="BR.1"))
    assert found == Recipient("+5511990009045", "+551190009045", "BR.1")


@pytest.mark.parametrize(
    "told",
    [
        answer(input="+5511990009045", wa_id="5511990009045"),
        answer(input="BR.1", user_id="BR.1"),
        answer(input="+5511990009045"),
        answer(wa_id="5511990009045"),
        answer(input="+5511990009045", wa_id="nobody"),
        answer(input=None, wa_id=None),
        {"contacts": []},
        {"contacts": [None]},
        {"contacts": "x"},
        {},
    ],
)
def test_where_nothing_is_new_there_is_nothing_to_read(told):
    assert read_recipient(told) is None
