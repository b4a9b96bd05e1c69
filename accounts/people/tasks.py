from celery import shared_task

from accounts.models import User

from . import invitations


@shared_task
def send_invitation(person_id: int) -> None:
    invitations.send(User.objects.select_related("business").get(pk=person_id))
