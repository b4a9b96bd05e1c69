from .business import Business
from .deletion import Deletion
from .idempotent_request import IdempotentRequest
from .job_row import JobRow
from .mailed_alert import MailedAlert
from .revisioned import ChangedMeanwhile, Revisioned
from .selection import SelectedRow, Selection
from .subscription import Subscription
from .tenant import TenantModel, TenantQuerySet, UniqueInBusiness
from .token import ApiToken
from .user import Role, User

__all__ = [
    "ApiToken",
    "Business",
    "ChangedMeanwhile",
    "Deletion",
    "IdempotentRequest",
    "JobRow",
    "MailedAlert",
    "Revisioned",
    "Role",
    "SelectedRow",
    "Selection",
    "Subscription",
    "TenantModel",
    "TenantQuerySet",
    "UniqueInBusiness",
    "User",
]
