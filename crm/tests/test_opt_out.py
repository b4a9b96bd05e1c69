import pytest

from crm.customers.opt_out import asks_to_start, asks_to_stop


@pytest.mark.parametrize(
    "text",
    [
        *("стоп", "Стоп,", "стоп 🛑", "стоп\u200b", "#стоп", "«СТОП»", "Cтoп", "стоп, спасибо"),
        *("Стоп рассылка", "стоп реклама", "отпишите меня от рассылки, пожалуйста", "Отпишитесь от меня"),
        *("отмена подписки", "хочу отписаться", "уберите меня из рассылки", "хватит слать рекламу"),
        *("не  пишите  мне", "больше не пишите", "не присылайте мне рекламу", "пожалуйста, не пишите больше"),
        *("не надо мне писать", "больше не нужно присылать рассылку", "Не надо мне больше ничего присылать!"),
        *("stop", "STOP ALL", "please stop", "unsubscribe me", "opt out", "stop promotions", "don't message me"),
    ],
)
def test_who_wants_no_more_messages_is_understood(text):
    assert asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *("стоп?", "как отписаться?", "когда стоп-кран починят", "не стоп, а старт", "стоп, подождите"),
        *("не надо мне писать завтра", "надо мне писать", "не надо ничего писать", "не надо писать", "не надо стоп"),
        *("не отписывайте меня", "не хочу отписываться", "не пишите пока", "не пишите мне, пишите жене"),
        *("не могу писать", "отмена", "отмена заказа", "отменить", "удалите номер", "спам", "рассылка"),
        *("stop by tomorrow", "cancel", "hold the stop sign", "пишите мне", "спасибо", "", "🛑"),
    ],
)
def test_who_means_something_else_is_not_taken_for_one(text):
    assert not asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *("старт", "СТАРТ!", "«Старт»", "Cтapт", "старт, пожалуйста", "start", "Start 🚀", "subscribe me", "unstop"),
        *("подписаться", "подпишите меня снова", "хочу подписаться на рассылку", "подписываюсь", "opt in"),
        *("включите рассылку", "возобновите рассылку, пожалуйста", "верните подписку", "resume the newsletter"),
    ],
)
def test_who_wants_mailings_again_is_understood(text):
    assert asks_to_start(text) and not asks_to_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *("старт?", "как подписаться?", "не старт, а стоп", "не подписывайте меня", "старт продаж завтра", "старт-ап"),
        *("start order", "let's start", "restart", "subscribed", "подписка", "подписался на канал", "рассылка"),
        *("включите свет", "верните деньги", "возобновить", "resume", "начать", "да", "yes", "хочу", "на", "", "🚀"),
        *("отписаться", "отмените подписку", "не хочу подписаться", "подписаться на канал", "записаться", "жазылу"),
    ],
)
def test_who_means_something_else_is_not_taken_for_asking_for_mailings(text):
    assert not asks_to_start(text)


@pytest.mark.parametrize("text", ["Не надо", "не надо!!!", "пожалуйста, не надо", "не надо, спасибо", "НЕ  НАДО 🙏"])
def test_a_phrase_of_the_business_counts_with_courtesies_around_it(text):
    assert asks_to_stop(text, ["не надо"]) and asks_to_start(text, ["«Не надо»"]) and not asks_to_stop(text)


@pytest.mark.parametrize("text", ["не", "надо", "не надо мне", "не надо?", "надо не", "ненадо", "спасибо", "", "👍"])
def test_anything_beside_a_phrase_of_the_business_is_left_alone(text):
    assert not asks_to_stop(text, ["не надо", "🛑"]) and not asks_to_start(text, ["не надо", "🛑"])


def test_a_sign_or_a_courtesy_may_be_a_word_of_the_business():
    assert asks_to_stop("🛑", ["🛑"]) and asks_to_stop("Спасибо!", ["спасибо"])
