"""The messages by which a customer asks not to be written to any more."""

import re

from crm.normalization import normalize

_WORD = re.compile(r"\w+")

#: Words that ask for it alone. Whoever writes one of them and nothing but polite words opts out.
_STOP_WORDS = frozenset(
    _WORD.findall(
        """
        стоп стопстоп отписка отписаться отпишите отпишитесь отпишись отпиши отписывайте отписываюсь отписать stop
        unsubscribe optout stopall
        """
    )
)

#: What is asked to be ended or left undone: the first is said with any of the second.
_ENDINGS = frozenset(
    _WORD.findall(
        """
        отмена отменить отмените отменяю отключить отключите отключи прекратить прекратите прекращайте остановить
        остановите уберите убрать удалите удалить исключите хватит cancel end remove
        """
    )
)
_MAILINGS = frozenset(
    _WORD.findall(
        """
        подписка подписки подписку подписок рассылка рассылки рассылку рассылок рассылкой реклама рекламы рекламу
        рекламой спам спама спамить рекламировать писать слать присылать subscription subscriptions promotions
        promotion newsletter newsletters mailing mailings ads list
        """
    )
)

#: “Do not …” with one of these asks for it too.
_WRITING = frozenset(
    _WORD.findall(
        """
        пишите пиши писать присылайте присылай присылать шлите шли слать отправляйте отправляй отправлять
        беспокойте беспокоить тревожьте рассылайте спамьте write send message text contact disturb
        """
    )
)

#: What may stand beside it and changes nothing.
_POLITE_WORDS = frozenset(
    _WORD.findall(
        """
        пожалуйста пж прошу спасибо здравствуйте добрый день вечер утро и от из с мне меня нам нас сюда больше уже
        всё все всех всего всей эту эти этой этих вашей вашу ваши ваших ваша ваше вас номер номера сообщения
        сообщений уведомления хочу хотел хотела желаю можно please pls thanks thank you me my from your the this
        all any more everything everyone us i want to would like out messages opt
        """
    )
)


def asks_to_stop(text: str) -> bool:
    """
    Whether a customer's message is a request to opt out and nothing else. A question is none, nor is what holds a
    word that might change the meaning.
    """
    said = normalize(text)
    if "?" in said:
        return False
    words = _WORD.findall(said)
    others = set(words) - _POLITE_WORDS
    if not others:
        return words in (["opt", "out"], ["opt", "me", "out"])
    if others <= _STOP_WORDS | _MAILINGS and others & _STOP_WORDS:
        return True
    if others <= _ENDINGS | _MAILINGS and others & _ENDINGS and others & _MAILINGS:
        return True
    return _forbids_writing(words, others)


def _forbids_writing(words: list[str], others: set[str]) -> bool:
    """Whether a “not” stands before every word of writing, and nothing else is said."""
    refused = {"не", "don", "t", "dont", "not", "do"}
    if not others & _WRITING or not others <= _WRITING | _MAILINGS | refused or not others & (refused - {"do"}):
        return False
    return all(previous in refused for previous, word in zip(["", *words], words, strict=False) if word in _WRITING)
