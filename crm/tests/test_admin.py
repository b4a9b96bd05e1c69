import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.testing import make_administrator, make_colleague, make_owner
from crm.customers import customers
from crm.deals import deals
from crm.models import Customer, Deal, DealStage, Tag
from crm.testing import make_conversation, make_customer, make_message, make_picture
from whatsapp.testing import make_number

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return make_owner(language="en")


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def list_of(model):
    return reverse(f"admin:crm_{model}_changelist")


def errors(response):
    return response.context["adminform"].form.errors


def test_the_conversations_show_customer_last_words_and_unread(page, owner):
    conversation = make_conversation(make_number(owner.business), make_customer(owner.business, name="Anna"), unread=2)
    make_message(conversation, "First words")
    make_message(conversation, "Last words")

    html = page.get(list_of("conversation")).text

    assert "Anna" in html and "Last words" in html and "2 new" in html
    assert "First words" not in html


@pytest.mark.parametrize(
    "search", ["ФЁДОРОВ", "федоров", "8 (916) 123-45-67", "123-45-67", "+79161234567", "анна фед"]
)
@pytest.mark.parametrize("model", ["conversation", "customer", "deal"])
def test_customers_are_found_by_name_and_by_phone_however_written(page, owner, model, search):
    customer = make_customer(owner.business, name="Анна Фёдорова", phone="+79161234567")
    other = make_customer(owner.business, name="Пётр", phone="+79160000000")
    number = make_number(owner.business)
    for person in (customer, other):
        deals.create_deal(person, "Cake")
        make_conversation(number, person)

    html = page.get(list_of(model), {"q": search}).text

    assert "Анна" in html
    assert "Пётр" not in html


@pytest.mark.parametrize("model", ["conversation", "customer", "deal"])
def test_a_search_reads_the_customers_of_one_business(page, owner, model):
    with CaptureQueriesContext(connection) as queries:
        page.get(list_of(model), {"q": "anna"})

    searches = [query["sql"].partition("LIKE")[0] for query in queries if "LIKE" in query["sql"]]
    assert searches
    for search in searches:
        assert f'."business_id" = {owner.business_id}' in search.rpartition("SELECT")[2]


@pytest.mark.parametrize("model", ["conversation", "customer", "tag", "deal", "message"])
def test_an_empty_list_says_what_will_come_there(page, model):
    assert "empty-list" in page.get(list_of(model)).text


@pytest.mark.parametrize("model", ["conversation", "customer", "tag", "deal", "dealstage", "message"])
def test_the_queries_of_a_list_do_not_grow_with_its_rows(page, owner, model, django_assert_max_num_queries):
    number = make_number(owner.business)

    def add_rows(count):
        for _serial in range(count):
            conversation = make_conversation(number, unread=1, assignee=owner)
            make_message(conversation, author=owner)
            customers.add_tags(conversation.customer, [f"tag {conversation.pk}", "vip"])
            deals.create_deal(conversation.customer, "Cake", conversation=conversation)
            DealStage.objects.create(business=owner.business, key=f"s{conversation.pk}", name="Stage")

    add_rows(1)
    with CaptureQueriesContext(
        connection,
    ) as few:
        page.get(list_of(model))
    add_rows(5)
    with django_assert_max_num_queries(len(few)):
        page.get(list_of(model))


def test_a_customer_is_added_with_a_phone_as_people_write_it(page, owner):
    page.post(reverse("admin:crm_customer_add"), {"name": "Anna", "phone": "8 (916) 123-45-67"})

    assert Customer.objects.get().phone == "+79161234567"


def test_a_second_customer_with_the_phone_is_refused_on_the_field(page, owner):
    make_customer(owner.business, phone="+79161234567")

    response = page.post(reverse("admin:crm_customer_add"), {"phone": "8 916 123 45 67"})

    assert "phone" in errors(response)
    assert Customer.objects.count() == 1


def test_an_administrator_adds_a_customer_to_the_business_they_choose(client, owner):
    client.force_login(make_administrator())
    data = {"name": "Anna", "phone": "8 916 123-45-67", "for_business": owner.business.pk}

    client.post(reverse("admin:crm_customer_add"), data)

    customer = Customer.objects.get()
    assert (customer.business, customer.phone) == (owner.business, "+79161234567")


@pytest.mark.parametrize("phone", ["12", "abc", ""])
def test_a_customer_needs_a_phone(page, phone):
    response = page.post(reverse("admin:crm_customer_add"), {"name": "Anna", "phone": phone})

    assert errors(response)
    assert not Customer.objects.exists()


def change(page, customer, **data):
    url = reverse("admin:crm_customer_change", args=[customer.pk])
    response = page.post(url, {"phone": customer.phone or "", **data})
    customer.refresh_from_db()
    return response


def test_attributes_are_lines_and_what_was_not_touched_keeps_its_type(page, owner):
    customer = make_customer(owner.business, attributes={"age": 30, "city": "Perm"})
    url = reverse("admin:crm_customer_change", args=[customer.pk])
    assert "age: 30\ncity: Perm" in page.get(url).text

    change(page, customer, attributes="age: 30\r\ncity: Kazan")

    assert customer.attributes == {"age": 30, "city": "Kazan"}


def test_a_line_that_is_no_attribute_is_refused(page, owner):
    response = change(page, make_customer(owner.business), attributes="just words")

    assert "attributes" in errors(response)


def test_a_customer_is_opted_out_and_in_by_the_form(page, owner):
    customer = make_customer(owner.business)

    change(page, customer, opted_out="on")
    assert customer.opted_out

    change(page, customer, **{"initial-opted_out": "True"})
    assert not customer.opted_out


def test_customers_are_opted_out_by_an_action(page, owner):
    customer = make_customer(owner.business)

    page.post(list_of("customer"), {"action": "opt_out", "_selected_action": [customer.pk]})

    customer.refresh_from_db()
    assert customer.opted_out


def test_all_that_match_are_opted_out_and_in_again_by_few_queries(page, owner, django_assert_max_num_queries):
    tagged = [make_customer(owner.business) for _serial in range(30)]
    other, stranger = make_customer(owner.business), make_customer()
    for customer in tagged:
        customers.add_tags(customer, ["vip", "tea"])
    customers.opt_out(tagged[0])
    since = Customer.objects.get(pk=tagged[0].pk).opted_out_at
    address = f"{list_of('customer')}?tags__id__exact={Tag.objects.get(name='vip').pk}"
    chosen = {"_selected_action": [tagged[0].pk], "select_across": "1", "index": "0"}

    with django_assert_max_num_queries(25):
        page.post(address, {"action": "opt_out", **chosen})

    assert Customer.objects.filter(opted_out_at__isnull=False).count() == 30
    assert Customer.objects.get(pk=tagged[0].pk).opted_out_at == since
    for left in (other, stranger):
        left.refresh_from_db()
        assert not left.opted_out
    page.post(address, {"action": "opt_in", **chosen})
    assert not Customer.objects.filter(opted_out_at__isnull=False).exists()


def test_a_customer_known_by_user_id_alone_can_be_changed(page, owner):
    customer = make_customer(owner.business, phone=None, whatsapp_user_id="US.1")

    change(page, customer, name="Anna")

    assert (customer.name, customer.phone) == ("Anna", None)


def test_a_customers_page_links_conversations_and_deals(page, owner):
    conversation = make_conversation(make_number(owner.business))
    deal = deals.create_deal(conversation.customer, "Cake")

    html = page.get(reverse("admin:crm_customer_change", args=[conversation.customer_id])).text

    assert reverse("admin:crm_conversation_change", args=[conversation.pk]) in html
    assert reverse("admin:crm_deal_change", args=[deal.pk]) in html


def test_a_new_deal_starts_in_the_business_currency_and_first_stage_with_who_adds_it(page, owner):
    initial = page.get(reverse("admin:crm_deal_add")).context["adminform"].form.initial

    stage = DealStage.objects.get(key="new", business=owner.business)
    assert initial == {"currency": "RUB", "stage": stage.pk, "responsible": owner.pk}


def test_a_deal_is_added(page, owner):
    customer = make_customer(owner.business)
    stage = DealStage.objects.get(key="new", business=owner.business)
    data = {"title": "Cake", "customer": customer.pk, "stage": stage.pk, "amount": "10", "currency": "RUB"}

    page.post(reverse("admin:crm_deal_add"), data)

    assert Deal.objects.get().business == owner.business


def test_a_second_tag_of_the_same_name_is_refused(page, owner):
    Tag.objects.create(business=owner.business, name="vip")

    response = page.post(reverse("admin:crm_tag_add"), {"name": "vip"})

    assert errors(response)


def test_messages_can_be_read_but_not_changed(page, owner):
    message = make_message(make_conversation(make_number(owner.business)), "Hello")
    url = reverse("admin:crm_message_change", args=[message.pk])

    assert "Hello" in page.get(url).text
    assert page.post(url, {"text": "Bye"}).status_code == 403


@pytest.mark.parametrize("role, status", [("manager", 200), ("operator", 403)])
def test_exporting_is_for_owner_and_manager(client, owner, role, status):
    client.force_login(make_colleague(owner, role))

    response = client.get(reverse("admin:crm_export_conversations", args=[make_number(owner.business).pk]))

    assert response.status_code == status


def test_a_strangers_number_is_not_exported(page):
    number = make_number(make_owner().business)

    assert page.get(reverse("admin:crm_export_conversations", args=[number.pk])).status_code == 404


def test_an_export_is_csv_or_jsonl(page, owner):
    url = reverse("admin:crm_export_conversations", args=[make_number(owner.business).pk])

    assert page.get(url)["Content-Type"].startswith("text/csv")
    assert page.get(url, {"as": "jsonl"})["Content-Type"].startswith("application/x-ndjson")
    assert page.get(url, {"as": "exe"}).status_code == 404


def test_above_the_deals_stands_what_is_in_each_stage(page, owner):
    deals.create_deal(make_customer(owner.business), "Cake", "1234.5")
    deals.create_deal(make_customer(owner.business), "Pie", 1000)

    response = page.get(list_of("deal"))

    first, *_others = response.context["board"]
    assert (first["name"], first["count"], first["amounts"]) == ("New", 2, ["2,234.50\u00a0RUB"])
    assert first["url"] in response.text
    assert page.get(first["url"]).context["cl"].result_count == 2


def test_a_message_links_to_its_file(page, owner):
    media = make_picture(make_conversation(make_number(owner.business)), name="Cake.png")

    html = page.get(reverse("admin:crm_message_change", args=[media.message_id])).text

    url = reverse("admin:crm_conversation_media", args=[media.message.conversation_id, media.message_id])
    assert f'<a href="{url}">Cake.png</a>' in html


def test_the_list_of_conversations_shows_a_phrase_for_a_message_without_words(page, owner):
    conversation = make_conversation(make_number(owner.business))
    make_message(conversation, "", type="image", content={"type": "image", "image": {"id": "1"}})

    assert "Photo" in page.get(list_of("conversation")).text
    assert "Photo" in page.get(list_of("message")).text


def test_the_page_of_a_message_shows_its_details(page, owner):
    conversation = make_conversation(make_number(owner.business))
    asked = make_message(conversation, "Where are you?", "out")
    place = {"type": "location", "location": {"latitude": 55.75, "longitude": 37.61, "name": "Tea shop"}}
    message = make_message(conversation, "", type="location", content=place, context_wamid=asked.wamid)

    html = page.get(reverse("admin:crm_message_change", args=[message.pk])).text

    assert "<h1>Location: Tea shop</h1>" in html
    assert "None" not in html
    assert "query=55.7500000,37.6100000" in html
    assert "Where are you?" in html


def test_the_page_of_a_customer_shows_the_ad_they_came_from(page, owner):
    ad = {"headline": None, "body": "Tea today", "url": None, "id": "1", "click_id": None}
    customer = make_customer(owner.business, ad=ad)

    assert "Tea today" in page.get(reverse("admin:crm_customer_change", args=[customer.pk])).text


def test_a_call_s_page_has_a_dash_where_there_is_nothing_to_say(page, owner):
    content = {"type": "call", "call": {"event": "terminate", "status": "FAILED"}}
    message = make_message(make_conversation(make_number(owner.business)), type="call", text="", content=content)

    adminform = page.get(reverse("admin:crm_message_change", args=[message.pk])).context["adminform"]

    shown = {field.field["name"]: field.contents() for fieldset in adminform for line in fieldset for field in line}
    assert shown["details"] == shown["price"] == shown["file_link"] == "—"
