"""The names that the texts of a scenario may ask for; filling them in is crm.interpolation's."""

from crm.interpolation import MAX_VALUE, fill, has_leftovers, is_of_customer, names_in

__all__ = ["MAX_VALUE", "fill", "has_leftovers", "is_known", "names_in"]


def is_known(name):
    """Whether a name is one of those a scenario may use."""
    return name == "message.text" or is_of_customer(name) or (name.startswith("vars.") and name != "vars.")
