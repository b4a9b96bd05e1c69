"""What nobody means to send and somebody does: in fields of forms and in addresses."""

#: By name. Halves of characters arrive as bytes that are no UTF-8.
JUNK = {
    "braces": "{}",
    "brackets": "[]",
    "percents": "%s%n",
    "NUL": "\x00",
    "huge": str(2**70),
    "negative": "-1",
    "huge negative": str(-(2**70)),
    "nothing": "",
    "half a character": b"\xed\xa0\x80",
    "letters": "ŕ",
    "other digits": "²",
    "list": f"1,{2**70},{{}}",
}
