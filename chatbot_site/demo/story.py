"""The content of the demo: «Чайная лавка», its customers, their conversations and its bots. It is in Russian."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Literal

BUSINESS = "Чайная лавка"
OWNER = {"email": "demo@example.com", "name": "Вера Чайкина"}
OPERATOR = {"email": "operator@example.com", "name": "Павел Заваркин"}
PASSWORD = "chaynaya-lavka"

WABA_ID = "200000000000001"
SHOP = {"name": "Магазин", "phone_number": "+74950000101", "phone_number_id": "100000000000101", "waba_id": WABA_ID}
DELIVERY = {
    "name": "Доставка",
    "phone_number": "+74950000102",
    "phone_number_id": "100000000000102",
    "waba_id": WABA_ID,
}


@dataclass(frozen=True)
class Person:
    name: str
    phone: str
    tags: tuple[str, ...] = ()
    attributes: dict[str, str] = field(default_factory=dict, hash=False)


ANNA = Person(
    "Анна Соколова", "+79161234501", ("постоянный", "улун"), {"город": "Москва", "день рождения": "14 марта"}
)
DMITRY = Person("Дмитрий Орлов", "+79161234502", ("опт", "пуэр"), {"компания": "Кофейня «Угол»"})
ELENA = Person("Елена Власова", "+79261234503", ("подарки",))
IGOR = Person("Игорь Метелин", "+79031234504", ("пуэр",))
MARIA = Person("Мария Гончарова", "+79851234505", ("постоянный", "зелёный чай"))
OLGA = Person("Ольга Ким", "+79671234506", ("подарки",))
TIMUR = Person("Тимур Галеев", "+79171234507", ("постоянный", "улун"), {"город": "Казань"})
SVETLANA = Person("Светлана Рябова", "+79101234508", ("зелёный чай",))
ANDREY = Person("Андрей Лисин", "+79221234509", ("опт",), {"компания": "Гостиница «Берег»"})
NINA = Person("Нина Фёдорова", "+79531234510", ("постоянный",))
ROMAN = Person("Роман Быков", "+79991234511")
YULIA = Person("Юлия Жданова", "+79641234512", ("улун",))
PEOPLE = (ANNA, DMITRY, ELENA, IGOR, MARIA, OLGA, TIMUR, SVETLANA, ANDREY, NINA, ROMAN, YULIA)


#: A moment of the story, by the time at which the demo is made.
Moment = Callable[[datetime], datetime]


def days(count: int, clock: str) -> Moment:
    """The moment some days ago when the clock showed this time, such as "10:12"."""
    return lambda now: datetime.combine(now.date() - timedelta(count), time.fromisoformat(clock), now.tzinfo)


def minutes(count: int) -> Moment:
    """The moment some minutes ago."""
    return lambda now: now - timedelta(minutes=count)


@dataclass(frozen=True)
class Line:
    """One message of the story, with its status if it went out."""

    when: Moment
    who: Literal["customer", "bot", "person"]
    text: str
    status: str = "read"


GREETING = "Здравствуйте, {name}! Это «Чайная лавка». Чем помочь?"

#: The conversations: a number, a customer, and what they wrote to each other.
CHATS: list[tuple[dict[str, str], Person, list[Line]]] = [
    (
        SHOP,
        ANNA,
        [
            Line(days(9, "10:12"), "customer", "Здравствуйте! Да хун пао снова появился?"),
            Line(days(9, "10:12"), "bot", GREETING.format(name="Анна")),
            Line(days(9, "10:13"), "customer", "Выбрать чай"),
            Line(days(9, "10:13"), "bot", "Какой чай вы любите?"),
            Line(days(9, "10:15"), "customer", "Улун"),
            Line(days(9, "10:15"), "bot", "Сколько граммов?"),
            Line(days(9, "10:16"), "customer", "200"),
            Line(days(9, "10:16"), "bot", "Спасибо, заказ записан! Мы скоро напишем."),
            Line(days(9, "11:40"), "person", "Анна, добрый день! 200 г да хун пао отложили, завтра отправим."),
            Line(days(9, "11:52"), "customer", "Отлично, спасибо 🙏"),
            Line(days(6, "17:30"), "customer", "Посылка пришла, чай чудесный!"),
            Line(days(6, "17:48"), "person", "Очень рады! Заваривайте до семи раз, вкус меняется."),
            Line(minutes(95), "customer", "Добрый день! Хочу повторить заказ и добавить пробник габы."),
            Line(minutes(80), "person", "Здравствуйте, Анна! Записал: да хун пао 200 г и пробник. Адрес прежний?"),
            Line(minutes(12), "customer", "Да, адрес прежний. Сколько с доставкой?"),
        ],
    ),
    (
        SHOP,
        DMITRY,
        [
            Line(days(5, "09:05"), "customer", "Добрый день. Нужен шу пуэр для кофейни, 3 кг. Какая цена?"),
            Line(days(5, "09:31"), "person", "Дмитрий, здравствуйте! От 3 кг — 2 900 ₽ за килограмм. Счёт сегодня?"),
            Line(days(5, "09:40"), "customer", "Да, пришлите на почту. Оплатим до пятницы."),
            Line(days(5, "10:02"), "person", "Счёт отправил. Отгрузим в день оплаты."),
            Line(days(3, "14:20"), "customer", "Оплатили"),
            Line(days(3, "14:26"), "person", "Видим, спасибо! Курьер будет завтра с 10 до 12."),
            Line(days(2, "12:15"), "customer", "Получили, всё хорошо."),
        ],
    ),
    (
        SHOP,
        ELENA,
        [
            Line(days(2, "19:02"), "customer", "Соберёте подарочный набор к субботе? Бюджет 3 000"),
            Line(days(2, "19:02"), "bot", GREETING.format(name="Елена")),
            Line(days(2, "19:04"), "customer", "Позвать человека"),
            Line(days(2, "19:04"), "bot", "Зову человека, ответим в рабочее время."),
            Line(days(1, "09:15"), "person", "Елена, доброе утро! Соберём: три чая, мёд и чахай. Будет 2 950 ₽."),
            Line(days(1, "09:44"), "customer", "Прекрасно, беру"),
            Line(days(1, "09:50"), "person", "Записали. В субботу можно забрать с 11:00.", "delivered"),
        ],
    ),
    (
        DELIVERY,
        IGOR,
        [
            Line(days(4, "16:10"), "customer", "Где мой заказ?"),
            Line(days(4, "16:10"), "bot", "Напишите номер заказа, например 1042."),
            Line(days(4, "16:11"), "customer", "1042"),
            Line(days(4, "16:11"), "bot", "Спасибо! Ищем заказ 1042, сейчас ответит человек."),
            Line(days(4, "16:21"), "person", "Игорь, заказ у курьера, привезёт сегодня до 20:00."),
            Line(days(4, "19:45"), "customer", "Привезли, спасибо"),
        ],
    ),
    (
        SHOP,
        MARIA,
        [
            Line(days(21, "12:00"), "customer", "Подскажите, лунцзин этого года?"),
            Line(days(21, "12:08"), "person", "Мария, да, весенний сбор, привезли в мае."),
            Line(days(21, "12:10"), "customer", "Тогда 100 г, пожалуйста"),
            Line(days(21, "12:14"), "person", "Записал, 1 450 ₽ с доставкой."),
            Line(days(18, "10:30"), "customer", "Получила, спасибо!"),
            Line(days(18, "10:34"), "person", "Приятного чаепития!"),
        ],
    ),
    (
        SHOP,
        OLGA,
        [
            Line(minutes(46), "customer", "Здравствуйте, а вы делаете корпоративные подарки?"),
            Line(minutes(46), "bot", GREETING.format(name="Ольга")),
            Line(minutes(45), "customer", "Позвать человека"),
            Line(minutes(45), "bot", "Зову человека, ответим в рабочее время."),
            Line(minutes(43), "customer", "Нужно 40 наборов к Новому году. Ответьте, пожалуйста, до обеда."),
        ],
    ),
    (
        SHOP,
        TIMUR,
        [
            Line(days(7, "20:15"), "customer", "Салют! Те гуань инь есть в наличии?"),
            Line(days(7, "20:15"), "bot", GREETING.format(name="Тимур")),
            Line(days(7, "20:17"), "customer", "Выбрать чай"),
            Line(days(7, "20:17"), "bot", "Какой чай вы любите?"),
            Line(days(6, "10:05"), "person", "Тимур, есть! В Казань доставка 2–3 дня."),
            Line(days(6, "10:40"), "person", "Отложить для вас?", "failed"),
        ],
    ),
    (
        DELIVERY,
        SVETLANA,
        [
            Line(days(1, "13:22"), "customer", "Можно перенести доставку на вечер?"),
            Line(days(1, "13:22"), "bot", "Напишите номер заказа, например 1042."),
            Line(days(1, "13:24"), "customer", "1057"),
            Line(days(1, "13:24"), "bot", "Спасибо! Ищем заказ 1057, сейчас ответит человек."),
            Line(days(1, "13:35"), "person", "Светлана, перенесли на 19–21.", "delivered"),
        ],
    ),
    (
        SHOP,
        ROMAN,
        [
            Line(days(12, "15:00"), "customer", "Стоп"),
        ],
    ),
]

#: Whose conversations are closed.
CLOSED = (MARIA, DMITRY)
#: Whose conversations a person took over, and who waits for an answer there.
WAITING = (ANNA, OLGA)

#: The deals: customer, title, amount and stage.
DEALS: list[tuple[Person, str, int, str]] = [
    (ANNA, "Да хун пао, 200 г и пробник габы", 3400, "in_progress"),
    (DMITRY, "Шу пуэр для кофейни, 3 кг", 8700, "won"),
    (ELENA, "Подарочный набор к субботе", 2950, "in_progress"),
    (OLGA, "Корпоративные подарки, 40 наборов", 96000, "new"),
    (MARIA, "Лунцзин, 100 г", 1450, "won"),
    (TIMUR, "Те гуань инь, 150 г", 2100, "lost"),
]

#: The canned replies of everybody: shortcut and text.
SAVED_REPLIES = {
    "доставка": "По Москве привезём завтра, 300 рублей; от 3 000 рублей — бесплатно. Куда и когда вам удобно?",
    "оплата": "Оплатить можно картой по ссылке, переводом или курьеру при получении.",
    "спасибо": 'Спасибо, {{customer.name|default:"друг"}}! Заваривайте до семи раз, вкус меняется.',
}

#: What colleagues noted beside a conversation.
NOTES = {OLGA: "Сорок наборов соберём к 20 декабря, коробки заказаны. Скидка от 30 наборов — 7 %."}

#: A broadcast that is planned, and waits to be started.
PLANNED_BROADCAST: dict[str, Any] = {
    "name": "Новый урожай для постоянных",
    "audience": {"tags_any": ["постоянный", "улун", "опт"]},
}

BROADCAST = "Скидка на осенний улун"
DISCOUNT = "15 %"
#: The status of each recipient's message of the broadcast.
RECIPIENTS = {
    ANNA: "read",
    DMITRY: "read",
    ELENA: "delivered",
    IGOR: "read",
    MARIA: "read",
    TIMUR: "failed",
    SVETLANA: "delivered",
    ANDREY: "read",
    NINA: "sent",
    ROMAN: "skipped",
    YULIA: "read",
}

SHOP_SCENARIO: dict[str, Any] = {
    "format": 1,
    "triggers": [
        {"kind": "keyword", "match": "contains", "value": "заказ"},
        {"kind": "keyword", "match": "contains", "value": "чай"},
        {"kind": "any"},
    ],
    "steps": [
        {
            "key": "hello",
            "kind": "menu",
            "text": 'Здравствуйте, {{customer.name|default:"друг"}}! Это «Чайная лавка». Чем помочь?',
            "save_to": "topic",
            "choices": [
                {"key": "tea", "label": "Выбрать чай", "next": "tea"},
                {"key": "delivery", "label": "Доставка и оплата", "next": "delivery"},
                {"key": "person", "label": "Позвать человека", "next": "person"},
            ],
            "invalid": {"text": "Нажмите одну из кнопок или напишите её номер.", "tries": 2, "next": "person"},
        },
        {
            "key": "tea",
            "kind": "menu",
            "text": "Какой чай вы любите?",
            "save_to": "tea",
            "choices": [
                {"key": "oolong", "label": "Улун"},
                {"key": "puer", "label": "Пуэр"},
                {"key": "green", "label": "Зелёный"},
                {"key": "gift", "label": "Подарочный набор"},
            ],
            "invalid": {"text": "Выберите чай из списка.", "tries": 2, "next": "person"},
        },
        {
            "key": "grams",
            "kind": "ask",
            "answer": "number",
            "text": "Сколько граммов?",
            "save_to": "grams",
            "invalid": {"text": "Напишите число, например 100.", "tries": 2, "next": "person"},
        },
        {
            "key": "save",
            "kind": "set",
            "add_tags": ["заказ из бота"],
            "deal": {"title": "{{vars.tea}}, {{vars.grams}} г", "stage": "new"},
        },
        {
            "key": "size",
            "kind": "condition",
            "match": "all",
            "rules": [{"field": "vars.grams", "op": "greater", "value": "999"}],
            "then": "wholesale",
            "otherwise": "thanks",
        },
        {"key": "thanks", "kind": "end", "text": "Спасибо, заказ записан! Мы скоро напишем."},
        {"key": "wholesale", "kind": "handoff", "text": "От килограмма у нас оптовая цена. Сейчас ответит менеджер."},
        {
            "key": "delivery",
            "kind": "message",
            "text": "По Москве привозим за день (300 ₽), по России — за 2–5 дней. Оплата картой или по счёту.",
        },
        {"key": "back", "kind": "goto", "step": "hello"},
        {"key": "person", "kind": "handoff", "text": "Зову человека, ответим в рабочее время."},
    ],
}

DELIVERY_SCENARIO: dict[str, Any] = {
    "format": 1,
    "triggers": [{"kind": "any"}],
    "steps": [
        {
            "key": "order",
            "kind": "ask",
            "answer": "number",
            "text": "Напишите номер заказа, например 1042.",
            "save_to": "order",
            "invalid": {"text": "Номер заказа состоит из цифр.", "tries": 2, "next": "person"},
        },
        {"key": "person", "kind": "handoff", "text": "Спасибо! Ищем заказ {{vars.order}}, сейчас ответит человек."},
    ],
}
