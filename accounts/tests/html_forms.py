"""What a browser would send if somebody pressed a form's button unchanged."""

from html.parser import HTMLParser


class FormReader(HTMLParser):
    """Collects the controls of the page's forms into `data`: name → list of values."""

    def __init__(self):
        super().__init__()
        self.data = {}
        self.select = None
        self.textarea = None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        name = attributes.get("name")
        if tag == "input" and name and self.is_sent(attributes):
            ticked = "on" if attributes.get("type") in ("checkbox", "radio") else ""
            self.data.setdefault(name, []).append(attributes.get("value", ticked))
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in attributes:
            self.data.setdefault(self.select, []).append(attributes.get("value", ""))
        elif tag == "textarea" and name:
            self.textarea = name
            self.data[name] = [""]

    def is_sent(self, attributes):
        kind = attributes.get("type", "text")
        if kind in ("checkbox", "radio"):
            return "checked" in attributes
        return kind not in ("submit", "button", "image", "file", "reset")

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = None

    def handle_data(self, data):
        if self.textarea:
            self.data[self.textarea][0] += data


def filled_form(response):
    """Name → list of values of every control on a page."""
    reader = FormReader()
    reader.feed(response.content.decode())
    reader.data.pop("csrfmiddlewaretoken", None)
    return reader.data
