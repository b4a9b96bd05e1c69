"""The messages by which a customer asks not to be written to any more, and those that take it back."""

import re
from collections.abc import Iterable

from crm.normalization import normalize, trim

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

#: Another way to say “do not”, with whom it is about: “не надо писать” may be an answer, as of what stands on a card.
_NEEDLESS = re.compile(
    r"\bбольше не (?:надо|нужно)\b|\bне (?:надо|нужно)(?: ничего)?(?: (?:мне|нам|сюда|больше|уже))+(?: ничего)?(?= \w)"
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

#: Words that ask for mailings again, alone, and what is asked for only together with a mailing.
_START_WORDS = frozenset(
    _WORD.findall("старт start подписаться подпишите подпиши подписываюсь subscribe unstop optin")
)
_RENEWALS = frozenset(
    _WORD.findall("возобновить возобновите возобнови включить включите включи верните вернуть resume")
)
_AGAIN = frozenset(_WORD.findall("на снова опять again back for in"))

#: What may stand around a word or phrase of the business.
_COURTESIES = frozenset(_WORD.findall("пожалуйста пж плиз спасибо здравствуйте please pls thanks thank you"))


def asks_to_stop(text: str, own: Iterable[str] = ()) -> bool:
    """
    Whether a customer's message is a request to opt out and nothing else, in words of anybody or in the business's
    `own`. A question is none, nor is what holds a word that might change the meaning.
    """
    said = normalize(text)
    if "?" in said:
        return False
    if _is_one_of(said, own):
        return True
    words = _WORD.findall(_NEEDLESS.sub("не", said))
    others = set(words) - _POLITE_WORDS
    if not others:
        return words in (["opt", "out"], ["opt", "me", "out"])
    if others <= _STOP_WORDS | _MAILINGS and others & _STOP_WORDS:
        return True
    if others <= _ENDINGS | _MAILINGS and others & _ENDINGS and others & _MAILINGS:
        return True
    return _forbids_writing(words, others)


def asks_to_start(text: str, own: Iterable[str] = ()) -> bool:
    """Whether a message asks for mailings and nothing else, likewise. It undoes an opt-out, and means nothing else."""
    said = normalize(text)
    if "?" in said:
        return False
    if _is_one_of(said, own):
        return True
    words = _WORD.findall(said)
    others = set(words) - _POLITE_WORDS - _AGAIN
    if not others:
        return words in (["opt", "in"], ["opt", "me", "in"])
    if others <= _START_WORDS | _MAILINGS and others & _START_WORDS:
        return True
    return others <= _RENEWALS | _MAILINGS and bool(others & _RENEWALS) and bool(others & _MAILINGS)


def _is_one_of(said: str, own: Iterable[str]) -> bool:
    """Whether a normalized text is one of these words or phrases, but for courtesies around it."""
    bare = _bare(said)
    return bool(bare) and any(_bare(normalize(phrase)) == bare for phrase in own)


def _bare(text: str) -> list[str]:
    """The words of a normalized text without the courtesies at its ends; the text itself where it has none."""
    words = _WORD.findall(text)
    if not words:
        return [trim(text)] if text else []
    begin, end = 0, len(words)
    while begin < end and words[begin] in _COURTESIES:
        begin += 1
    while begin < end and words[end - 1] in _COURTESIES:
        end -= 1
    return words[begin:end] or words


def _forbids_writing(words: list[str], others: set[str]) -> bool:
    """Whether a “not” stands before every word of writing, and nothing else is said."""
    refused = {"не", "don", "t", "dont", "not", "do"}
    if not others & _WRITING or not others <= _WRITING | _MAILINGS | refused or not others & (refused - {"do"}):
        return False
    return all(previous in refused for previous, word in zip(["", *words], words, strict=False) if word in _WRITING)
