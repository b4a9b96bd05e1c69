import pytest

from crm.customers.opt_out import asks_to_stop


@pytest.mark.parametrize(
    "text",
    [
        *("стоп", "Стоп,", "стоп 🛑", "стоп\u200b", "#стоп", "«СТОП»", "Cтoп", "стоп, спасибо"),
        *("Стоп рассылка", "стоп реклама", "отпишите меня от рассылки, пожалуйста", "Отпишитесь от меня"),
        *("отмена подписки", "хочу отписаться", "уберите меня из рассылки", "хватит слать рекламу"),
        *("не  пишите  мне", "больше не пишите", "не присылайте мне рекламу", "пожалуйста, не пишите больше"),
        *("stop", "STOP ALL", "please stop", "unsubscribe me", "opt out", "stop promotions", "don't message me"),
    ],
)
def test_who_wants_no_more_messages_is_understood(text):
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *("стоп?", "как отписаться?", "когда стоп-кран починят", "не стоп, а старт", "стоп, подождите"),
        *("не отписывайте меня", "не хочу отписываться", "не пишите пока", "не пишите мне, пишите жене"),
        *("не могу писать", "отмена", "отмена заказа", "отменить", "удалите номер", "спам", "рассылка"),
        *("stop by tomorrow", "cancel", "hold the stop sign", "пишите мне", "спасибо", "", "🛑"),
    ],
)
def test_who_means_something_else_is_not_taken_for_one(text):
    assert not asks_to_stop(text)
