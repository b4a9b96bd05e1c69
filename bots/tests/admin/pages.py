"""The addresses of the pages, and what a browser would post from them."""

BOTS = "/admin/bots/bot/"
SCENARIOS = "/admin/bots/botscenario/"


def fields_of(form):
    """What a browser would post of a scenario's form as it is shown."""
    shown = [form, form.triggers.management_form, *form.triggers, form.steps.management_form, *form.steps]
    for step in form.steps:
        for part in (step.choices, step.rules):
            shown += [part.management_form, *part]
    values = {}
    for part in shown:
        for field in part:
            value = field.value()
            if value is not None and value is not False:
                values[field.html_name] = value
    return values


def shown_fields(client, address):
    return fields_of(client.get(address).context["adminform"].form)


def change(scenario):
    return f"{SCENARIOS}{scenario.pk}/change/"
