import pytest

from whatsapp.models import MessageTemplate
from whatsapp.template_parameters import examples, missing, placeholders, problems, template_message, unsupported


def template(*components, **fields):
    return MessageTemplate(name="order", language="ru", components=list(components), **fields)


def body(text="Здравствуйте!", **fields):
    return {"type": "BODY", "text": text, **fields}


def header(format="TEXT", **fields):
    return {"type": "HEADER", "format": format, **fields}


def buttons(*buttons):
    return {"type": "BUTTONS", "buttons": list(buttons)}


def button(kind, **fields):
    return {"type": kind, "text": "Нажмите", **fields}


URL = button("URL", url="https://shop.example/{{1}}")
STATIC_URL = button("URL", url="https://shop.example/")
QUICK_REPLY = button("QUICK_REPLY")
COPY_CODE = button("COPY_CODE")


def text(value, **fields):
    return {"type": "text", "text": value, **fields}


@pytest.mark.parametrize(
    ("components", "needed"),
    [
        ([body()], []),
        ([body("{{2}}, {{1}} и снова {{1}}")], ["1", "2"]),
        ([body("{{ 10 }} {{9}}")], ["9", "10"]),
        ([body("{{name}}, скидка {{discount}}")], ["name", "discount"]),
        ([body("{{1}}"), header(text="{{1}}!")], ["header.1", "1"]),
        ([header(text="{{name}}!"), body()], ["header.name"]),
        ([header(text="Привет"), body(), {"type": "FOOTER", "text": "До встречи"}], []),
        ([header("IMAGE"), body("{{1}}")], ["header.image", "1"]),
        ([header("VIDEO")], ["header.video"]),
        ([header("DOCUMENT")], ["header.document"]),
        ([header("LOCATION")], ["header.location"]),
        ([buttons(QUICK_REPLY, URL, STATIC_URL, COPY_CODE), body("{{1}}")], ["1", "button.1.1", "button.3.1"]),
    ],
)
def test_what_a_template_needs(components, needed):
    assert placeholders(template(*components)) == needed


@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_a_blank_parameter_is_missing(value):
    assert missing(template(body("{{1}} {{2}}")), {"1": value, "2": "x"}) == ["1"]


@pytest.mark.parametrize(
    ("components", "fields", "parameters", "sent"),
    [
        ([body(), {"type": "FOOTER", "text": "До встречи"}, buttons(QUICK_REPLY, STATIC_URL)], {}, {}, None),
        (
            [body("{{1}}, заказ {{2}}")],
            {},
            {"2": "881", "1": "Анна"},
            [{"type": "body", "parameters": [text("Анна"), text("881")]}],
        ),
        (
            [header(text="{{shop}}"), body("{{name}}")],
            {"parameter_format": "NAMED"},
            {"header.shop": "Пекарня", "name": "Анна"},
            [
                {"type": "header", "parameters": [text("Пекарня", parameter_name="shop")]},
                {"type": "body", "parameters": [text("Анна", parameter_name="name")]},
            ],
        ),
        (
            [header("IMAGE")],
            {},
            {"header.image": "https://shop.example/1.png"},
            [
                {
                    "type": "header",
                    "parameters": [{"type": "image", "image": {"link": "https://shop.example/1.png"}}],
                }
            ],
        ),
        (
            [header("DOCUMENT")],
            {},
            {"header.document": "https://shop.example/1.pdf"},
            [
                {
                    "type": "header",
                    "parameters": [
                        {
                            "type": "document",
                            "document": {"link": "https://shop.example/1.pdf", "filename": "1.pdf"},
                        }
                    ],
                }
            ],
        ),
        (
            [header("LOCATION")],
            {},
            {"header.location": "55.75, 37.61, Пекарня, Тверская, 1"},
            [
                {
                    "type": "header",
                    "parameters": [
                        {
                            "type": "location",
                            "location": {
                                "latitude": "55.75",
                                "longitude": "37.61",
                                "name": "Пекарня",
                                "address": "Тверская, 1",
                            },
                        }
                    ],
                }
            ],
        ),
        (
            [buttons(QUICK_REPLY, URL, STATIC_URL, COPY_CODE)],
            {},
            {"button.1.1": "881", "button.3.1": "SALE20"},
            [
                {"type": "button", "sub_type": "url", "index": "1", "parameters": [text("881")]},
                {
                    "type": "button",
                    "sub_type": "copy_code",
                    "index": "3",
                    "parameters": [{"type": "coupon_code", "coupon_code": "SALE20"}],
                },
            ],
        ),
        (
            [body("{{1}} — ваш код."), buttons(button("OTP"))],
            {},
            {"1": "4711"},
            [
                {"type": "body", "parameters": [text("4711")]},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": [text("4711")]},
            ],
        ),
        (
            [buttons(QUICK_REPLY, button("FLOW"))],
            {},
            {},
            [
                {
                    "type": "button",
                    "sub_type": "flow",
                    "index": "1",
                    "parameters": [{"type": "action", "action": {"flow_token": "unused"}}],
                }
            ],
        ),
    ],
)
def test_the_message_a_template_makes(components, fields, parameters, sent):
    content = {"name": "order", "language": {"code": "ru"}}
    if sent is not None:
        content["components"] = sent
    assert template_message(template(*components, **fields), parameters) == {"type": "template", "template": content}


def test_line_breaks_in_a_parameter_become_spaces():
    ours = template(body("{{1}}!"))
    message = template_message(ours, {"1": " Анна\n\tМария  "})
    assert message["template"]["components"][0]["parameters"] == [text("Анна Мария")]
    assert ours.filled_in({"1": " Анна\n\tМария  "}) == "Анна Мария!"


@pytest.mark.parametrize(
    ("components", "parameters", "wrong"),
    [
        ([body("{{1}}")], {"1": "Анна"}, []),
        ([body("{{1}} {{2}}")], {"2": " "}, ["1", "2"]),
        ([body("{{1}}")], {"1": "Анна", "name": "Анна"}, ["name"]),
        ([body("{{1}} {{2}}")], {"1": "А", "2": "x" * 1022}, []),
        ([body("{{1}} {{2}}")], {"1": "А", "2": "x" * 1023}, ["2"]),
        ([header(text="{{1}}")], {"header.1": "x" * 61}, ["header.1"]),
        ([header("IMAGE")], {"header.image": "1.png"}, ["header.image"]),
        ([header("IMAGE")], {"header.image": "https://shop.example/1.png"}, []),
        ([header("LOCATION")], {"header.location": "Тверская, 1"}, ["header.location"]),
        ([header("LOCATION")], {"header.location": "95, 37"}, ["header.location"]),
        ([header("LOCATION")], {"header.location": "nan, inf"}, ["header.location"]),
        ([header("LOCATION")], {"header.location": "55.75, 37.61"}, []),
        ([buttons(URL)], {"button.0.1": "x" * 1980}, ["button.0.1"]),
        ([buttons(QUICK_REPLY, COPY_CODE)], {"button.1.1": "x" * 20}, []),
        ([buttons(QUICK_REPLY, COPY_CODE)], {"button.1.1": "x" * 21}, ["button.1.1"]),
    ],
)
def test_what_is_wrong_with_parameters(components, parameters, wrong):
    found = problems(template(*components), parameters)
    assert sorted(found) == wrong
    assert all(found.values())


@pytest.mark.parametrize(
    "component",
    [
        {"type": "CAROUSEL", "cards": []},
        {"type": "LIMITED_TIME_OFFER", "limited_time_offer": {}},
        header("PRODUCT"),
        buttons(QUICK_REPLY, button("MPM")),
    ],
)
def test_what_cannot_be_filled_in_is_not_supported(component):
    assert unsupported(template(body(), component))
    assert not unsupported(template(body(), header("IMAGE"), buttons(QUICK_REPLY, URL)))


def test_examples_come_from_the_template():
    ours = template(
        header(text="{{1}}", example={"header_text": ["Пекарня"]}),
        body("{{1}}, заказ {{2}}", example={"body_text": [["Анна", "881"]]}),
        buttons(
            QUICK_REPLY,
            {**URL, "example": ["https://shop.example/881"]},
            {**COPY_CODE, "example": "SALE20"},
        ),
    )
    assert examples(ours) == {
        "header.1": "Пекарня",
        "1": "Анна",
        "2": "881",
        "button.1.1": "881",
        "button.2.1": "SALE20",
    }


def test_named_examples_come_from_the_template():
    named = [{"param_name": "name", "example": "Анна"}]
    ours = template(body("{{name}}!", example={"body_text_named_params": named}), parameter_format="NAMED")
    assert examples(ours) == {"name": "Анна"}


# What a document is called

LINK = "https://shop.example/files/%D0%A1%D1%87%D1%91%D1%82.pdf"


def document_of(**parameters):
    [part] = template_message(template(header("DOCUMENT")), parameters)["template"]["components"]
    return part["parameters"][0]["document"]


@pytest.mark.parametrize(
    ("link", "filename"),
    [
        (LINK, "Счёт.pdf"),
        ("https://shop.example/a/Price%20list.xlsx?v=2#top", "Price list.xlsx"),
        ("https://shop.example/c%2Fprice.pdf", "price.pdf"),
        ("https://shop.example/a%0Ab.pdf", "a b.pdf"),
    ],
)
def test_a_document_is_called_as_its_link_ends(link, filename):
    assert document_of(**{"header.document": link}) == {"link": link, "filename": filename}


@pytest.mark.parametrize(
    "link",
    [
        "https://shop.example/",
        "https://shop.example/invoice?id=5",
        "https://shop.example",
        "https://shop.example/%D0.pdf",
    ],
)
def test_a_document_whose_link_ends_with_no_name_has_none(link):
    assert document_of(**{"header.document": link}) == {"link": link}


def test_a_document_may_be_given_a_name():
    parameters = {"header.document": LINK, "header.document.filename": "Invoice 7.pdf"}
    assert problems(template(header("DOCUMENT")), parameters) == {}
    assert document_of(**parameters) == {"link": LINK, "filename": "Invoice 7.pdf"}


@pytest.mark.parametrize("name", ["x" * 241, "a/b.pdf", "a\\b.pdf"])
def test_a_name_that_is_none_of_a_file_is_refused(name):
    parameters = {"header.document": LINK, "header.document.filename": name}
    assert list(problems(template(header("DOCUMENT")), parameters)) == ["header.document.filename"]


@pytest.mark.parametrize("kind", ["IMAGE", "VIDEO"])
def test_pictures_and_films_have_no_name(kind):
    key = f"header.{kind.lower()}"
    assert list(problems(template(header(kind)), {key: LINK, "header.document.filename": "a"})) == [
        "header.document.filename"
    ]
    [part] = template_message(template(header(kind)), {key: LINK})["template"]["components"]
    assert part["parameters"][0][kind.lower()] == {"link": LINK}


@pytest.mark.parametrize("link", ["https://[x/1.pdf", "ftp://shop.example/1.pdf", "shop.example/1.pdf"])
def test_what_is_no_link_is_refused(link):
    assert list(problems(template(header("DOCUMENT")), {"header.document": link})) == ["header.document"]
