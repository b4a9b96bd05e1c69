"""A prepared query says what the query itself would say."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.database.prepared import PreparedQuery
from accounts.models import Business, User
from accounts.testing import make_business

pytestmark = pytest.mark.django_db


def people_of(business_id):
    return User.objects.filter(business=business_id).select_related("business__subscription")


def test_it_finds_the_rows_of_each_run_s_values():
    first, other = make_business(), make_business()
    people = PreparedQuery(people_of, int)
    assert people.fetch(first.pk) == list(people_of(first.pk))
    assert people.fetch(other.pk) == list(people_of(other.pk)) != people.fetch(first.pk)


def test_its_rows_come_with_related_ones(django_assert_num_queries):
    business = make_business()
    people = PreparedQuery(people_of, int)
    with django_assert_num_queries(1):
        [person] = people.fetch(business.pk)
        assert person.business == business
        assert person.business.subscription.business_id == business.pk


def test_its_sql_is_made_once(monkeypatch):
    business = make_business()
    people = PreparedQuery(people_of, int)
    people.fetch(business.pk)
    monkeypatch.setattr(QuerySet, "filter", None)
    assert len(people.fetch(business.pk)) == 1


def test_a_value_may_stand_in_several_places_and_beside_constants():
    business, other = make_business(), make_business()
    User.objects.filter(business=other).update(is_active=False)

    def active(business_id, other_id):
        colleague = User.objects.filter(business=OuterRef("pk"), is_active=True)
        return Business.objects.filter(Exists(colleague), pk__in=[business_id, other_id, business_id]).order_by("pk")

    prepared = PreparedQuery(active, int, int)
    assert prepared.fetch(business.pk, other.pk) == [business]
    assert prepared.fetch(other.pk, other.pk) == []


def test_a_value_may_be_a_moment():
    business = make_business()
    newer = PreparedQuery(lambda moment: Business.objects.filter(created_at__gt=moment), datetime)
    assert newer.fetch(timezone.now() - timedelta(hours=1)) == [business]
    assert newer.fetch(timezone.now() + timedelta(hours=1)) == []


def test_annotations_and_slices_are_kept():
    make_business()
    business = make_business()
    newest = PreparedQuery(
        lambda pk: (
            Business.objects.filter(pk__lte=pk)
            .annotate(has_people=Exists(people_of(OuterRef("pk"))))
            .order_by("-pk")[:1]
        ),
        int,
    )
    [found] = newest.fetch(business.pk)
    assert (found, found.has_people) == (business, True)


def test_rows_are_locked():
    business = make_business()
    locked = PreparedQuery(lambda pk: Business.objects.select_for_update().filter(pk=pk).only("pk"), int)
    assert locked.fetch(business.pk) == [business]


def test_chosen_values_come_as_tuples():
    business = make_business()
    names = PreparedQuery(lambda pk: people_of(pk).values_list("pk", "business__name", "date_joined"), int)
    person = business.people.get()
    assert names.fetch(business.pk) == [(person.pk, business.name, person.date_joined)]


def test_a_value_may_be_a_text():
    first, other = make_business("100 % чай"), make_business("O'Hara")
    named = PreparedQuery(lambda *names: Business.objects.filter(name__in=names).order_by("pk"), str, str)
    assert named.fetch(first.name, "nobody") == [first]
    assert named.fetch(other.name, first.name) == [first, other]


def test_a_value_that_is_written_otherwise_in_the_sql_is_refused():
    prepared = PreparedQuery(lambda text: Business.objects.filter(name__icontains=text), str)
    with pytest.raises(ValueError, match="as it is given"):
        prepared.fetch("Shop")


def test_single_values_are_refused():
    prepared = PreparedQuery(lambda pk: Business.objects.filter(pk=pk).values_list("name", flat=True), int)
    with pytest.raises(ValueError, match="tuples"):
        prepared.fetch(1)
