"""The admin pages of businesses, people, subscriptions, tokens and deletions."""

import django.contrib.auth.admin  # noqa: F401  It registers Group, which is taken out below.
from django.contrib import admin
from django.contrib.auth.models import Group

from . import business, deletion, person, subscription, token  # noqa: F401

# Groups are the roles, written by accounts.people.roles after each migrate; nobody edits them by hand.
admin.site.unregister(Group)
