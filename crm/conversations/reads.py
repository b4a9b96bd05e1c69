"""What each person has read: unread is everybody's own."""

from django.db.models import Case, ExpressionWrapper, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

from accounts.models import User
from crm.models import Conversation, ConversationRead

from . import conversations


def read(conversation: Conversation, user: User) -> None:
    """A person looks at it: nothing is unread to them, and the customer is shown so if the number is set so."""
    conversations.mark_read(conversation)
    _mark(conversation, user, conversation.inbound_count)


def unread(conversation: Conversation, user: User) -> None:
    """Have a person find it unread again, with its last message."""
    _mark(conversation, user, max(conversation.inbound_count - 1, 0))


def _mark(conversation: Conversation, user: User, read_count: int) -> None:
    marks = ConversationRead.objects.filter(conversation=conversation, user=user)
    if not marks.filter(read_count=read_count).exists():
        ConversationRead.objects.update_or_create(
            conversation=conversation,
            user=user,
            defaults={"business_id": conversation.business_id, "read_count": read_count},
        )


def with_unread(conversations: QuerySet[Conversation], user: User) -> QuerySet[Conversation]:
    """
    Conversations with `unread_by_me`: how many messages came in since a person looked. Who never did has not seen the
    last ones, if these came after they joined.
    """
    mark = ConversationRead.objects.filter(conversation=OuterRef("pk"), user=user.pk)
    came = ExpressionWrapper(F("inbound_count") - Subquery(mark.values("read_count")[:1]), IntegerField())
    since = Case(When(Q(came__gt=0), then="came"), When(came__isnull=False, then=0))
    last = Greatest("unread", Value(1), output_field=IntegerField())
    never = Case(When(last_inbound_at__gt=user.date_joined, then=last), default=0)
    return conversations.alias(came=came).annotate(unread_by_me=Coalesce(since, never, output_field=IntegerField()))
