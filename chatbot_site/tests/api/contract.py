"""
What the API promises to programs, one line an operation. Others rely on it: lines are added, never changed. The API
may know more than stands here, as long as nobody has to send it.

A body and an answer are names of fields; `?` marks one that may be left out. A field of the answer that the body lacks
is read-only, one of the body that the answer lacks is write-only.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    body: str = ""
    answer: str = ""
    status: int = 200
    #: The answer is a list of it: "pages" has a count, "cursor" has none.
    listed: str = ""
    query: str = ""
    #: field → its words.
    words: dict | None = None
    #: It sends, so it takes an Idempotency-Key.
    sends: bool = False

    def __str__(self):
        return f"{self.method} {self.path}"


def read(path, answer, query="", listed="pages", **more):
    """A resource to look at: its list and one row of it."""
    return [
        Operation("GET", path, answer=answer, query=query, listed=listed, **more),
        Operation("GET", f"{path}{{id}}/", answer=answer, **more),
    ]


def crud(path, answer, body, query="", **more):
    """A resource to look at, create, change and delete. What is required to create is optional to change."""
    create = Operation("POST", path, body=body, answer=answer, status=201, **more)
    optional = " ".join(f"{name.rstrip('?')}?" for name in body.split())
    return [
        *read(path, answer, query, **more),
        create,
        replace(create, method="PATCH", path=f"{path}{{id}}/", body=optional, status=200),
        *delete(f"{path}{{id}}/"),
    ]


def delete(path):
    """204 when it is gone, 202 when a job goes on with it."""
    return [
        Operation("DELETE", path, status=204),
        Operation("DELETE", path, answer=DELETION, status=202, words=DELETION_STATE),
    ]


DELETION = (
    "id what object_id name requested_by_email state done total counts exported_at orphans created_at started_at "
    "finished_at"
)
DELETION_STATE = {"state": "waiting running done"}
BUSINESS = (
    "id name country time_zone language currency is_suspended bot_returns_after office_hours alerts_after "
    "alerts_about_numbers assigns_automatically returns_after opt_out_words opt_in_words "
    "confirms_opt_out opt_out_text opt_in_text created_at"
)
ME = "id email name language role business"
PERSON = "id email name role language is_active has_joined last_login date_joined"
TOKEN = "id name role expires_at created_at user"
NUMBER = (
    "id name phone_number phone_number_id waba_id is_active status problem quality_rating verified_name "
    "needs meta_status name_status messaging_limit throughput token_expires_at subscribed_apps messages_per_second "
    "read_receipts checked_at created_at"
)
QUICK_SETUP = "steps numbers found"
NUMBER_STATUS = {"status": "connected not_checked problem"}
BOT = "id whatsapp_number name is_active priority menu_words operator_words operator_text created_at"
SCENARIO = "id bot name is_active definition created_at updated_at"
VERSION = "id scenario number definition published_at published_by"
REPORT = "errors warnings"
CUSTOMER = "id phone whatsapp_user_id username name tags attributes opted_out created_at"
DEAL = (
    "id customer conversation title amount currency pipeline stage lost_reason responsible next_step next_step_at "
    "moved_at created_at"
)
CONVERSATION = (
    "id whatsapp_number customer status assignee bot_paused bot_resumes_at in_scenario waiting_since "
    "snoozed_until unread unread_by_me last_inbound_at window_open last_message_at created_at"
)
CONVERSATION_STATUS = {"status": "open closed"}
MESSAGE = (
    "id conversation whatsapp_number direction origin author type text media status wamid context_wamid error "
    "pricing timestamp created_at"
)
MESSAGE_WORDS = {
    "direction": "in out internal",
    "status": "received queued sending accepted sent delivered read failed unknown",
}
SCHEDULED = "id conversation author send_at text template cancel_if_customer_writes state problem created_at"
SCHEDULED_STATE = {"state": "waiting sent cancelled failed"}
TEMPLATE = (
    "id waba_id name language category previous_category correct_category status rejection_reason rejection_text "
    "status_date quality_score parameter_format components"
)
TEMPLATE_FILE = "id whatsapp_number parameter name kind mime size state problem created_at"
BROADCAST = (
    "id whatsapp_number name template parameters audience scheduled_at status paused_reason created_at started_at "
    "finished_at"
)
BROADCAST_STATUS = {"status": "draft planning planned scheduled sending paused done cancelled"}
NINE_STATES = "planned skipped sending accepted sent delivered read failed unknown"
BROADCAST_MESSAGE = (
    "id broadcast customer status skip_reason parameters text wamid error pricing created_at accepted_at sent_at "
    "delivered_at read_at"
)


def about_a_number(method, verb, **more):
    return Operation(method, f"whatsapp-numbers/{{id}}/{verb}/", **more)


def about_a_conversation(verb, body=""):
    path = f"conversations/{{id}}/{verb}/"
    return Operation("POST", path, body=body, answer=CONVERSATION, words=CONVERSATION_STATUS)


def about_a_broadcast(verb, **more):
    return Operation("POST", f"broadcasts/{{id}}/{verb}/", **{"answer": BROADCAST, **more})


OPERATIONS = [
    # People
    Operation(
        "POST",
        "auth/register/",
        body="email password business_name name? language?",
        answer="token user business",
        status=201,
    ),
    Operation("POST", "auth/login/", body="email password", answer="token"),
    Operation("POST", "auth/logout/", status=204),
    Operation("GET", "auth/me/", answer=ME),
    Operation("PATCH", "auth/me/", body="name? language?", answer=ME),
    Operation("GET", "business/", answer=BUSINESS),
    Operation(
        "PATCH",
        "business/",
        body="name? country? time_zone? language? currency? bot_returns_after? office_hours? alerts_after? "
        "alerts_about_numbers? assigns_automatically? returns_after? opt_out_words? opt_in_words? "
        "confirms_opt_out? opt_out_text? opt_in_text?",
        answer=BUSINESS,
    ),
    *delete("business/"),
    *read("deletions/", DELETION, words=DELETION_STATE),
    Operation("GET", "subscription/", answer="plan status ends_at limits usage"),
    *read("team/", PERSON, words={"role": "owner manager operator"}),
    Operation("POST", "team/", body="email name? role language?", answer=f"{PERSON} invitation_url", status=201),
    Operation("PATCH", "team/{id}/", body="name? role? language? is_active?", answer=PERSON),
    *delete("team/{id}/"),
    Operation("GET", "tokens/", answer=TOKEN, listed="pages"),
    Operation("POST", "tokens/", body="name role expires_at?", answer=f"{TOKEN} token", status=201),
    Operation("DELETE", "tokens/{id}/", status=204),
    # Numbers
    *crud(
        "whatsapp-numbers/",
        NUMBER,
        "name phone_number phone_number_id waba_id? access_token app_secret? is_active? messages_per_second?"
        " read_receipts?",
        words=NUMBER_STATUS,
    ),
    Operation(
        "POST",
        "whatsapp-numbers/quick-setup/",
        body="access_token waba_id phone_number_ids? app_secret? pin?",
        answer=QUICK_SETUP,
    ),
    Operation(
        "POST", "whatsapp-numbers/embedded-signup/", body="code waba_id phone_number_ids? pin?", answer=QUICK_SETUP
    ),
    about_a_number("POST", "activate", answer=NUMBER),
    about_a_number("POST", "deactivate", answer=NUMBER),
    about_a_number("POST", "check", answer=NUMBER),
    about_a_number(
        "GET", "delete-preview", answer="bots bot_scenarios conversations messages broadcasts broadcast_messages"
    ),
    about_a_number("GET", "export", query="as"),
    about_a_number("POST", "sync-templates"),
    *read("templates/", TEMPLATE, "whatsapp_number status name"),
    Operation(
        "POST",
        "templates/",
        body="whatsapp_number? waba_id? name language category parameter_format? components",
        answer=TEMPLATE,
        status=201,
    ),
    Operation("GET", "template-files/{id}/", answer=TEMPLATE_FILE),
    Operation("POST", "template-files/", body="whatsapp_number file", answer=TEMPLATE_FILE, status=201),
    Operation("POST", "templates/upload-example/", body="whatsapp_number file", answer="header_handle"),
    Operation("GET", "templates/{id}/delete-preview/", answer="uses"),
    Operation("DELETE", "templates/{id}/", query="all_languages anyway", status=204),
    # Bots
    *crud(
        "bots/",
        BOT,
        "whatsapp_number name is_active? priority? menu_words? operator_words? operator_text?",
        "whatsapp_number",
    ),
    Operation("POST", "bots/{id}/simulate/", body="messages draft?", answer="turns"),
    *crud("bot-scenarios/", SCENARIO, "bot name is_active? definition?", "bot"),
    Operation("POST", "bot-scenarios/{id}/validate/", answer=REPORT),
    Operation("POST", "bot-scenarios/{id}/publish/", answer=VERSION),
    Operation("POST", "bot-scenarios/{id}/publish/", answer=REPORT, status=400),
    Operation("GET", "bot-scenarios/{id}/versions/", answer=VERSION, listed="pages"),
    # Customers
    *crud("customers/", CUSTOMER, "phone? name? tags? attributes? opted_out?", "tag search"),
    Operation("POST", "customers/import/", query="apply", answer="created updated failed"),
    *crud("tags/", "id name", "name"),
    *crud(
        "deals/",
        DEAL,
        "customer conversation? title amount? currency? stage lost_reason? responsible? next_step? next_step_at?",
        "customer conversation stage stage__kind pipeline responsible overdue",
    ),
    *crud(
        "deal-stages/",
        "id pipeline key name position kind",
        "pipeline? key? name position? kind?",
        "pipeline key kind",
        words={"kind": "open won lost"},
    ),
    *crud("deal-pipelines/", "id name position", "name position?"),
    # Conversations
    *read(
        "conversations/",
        CONVERSATION,
        "status whatsapp_number assignee waiting queue closing_within tag search",
        "cursor",
        words=CONVERSATION_STATUS,
    ),
    *delete("conversations/{id}/"),
    about_a_conversation("assign", body="user"),
    about_a_conversation("close"),
    about_a_conversation("reopen"),
    about_a_conversation("pause-bot", body="bot_resumes_at?"),
    about_a_conversation("resume-bot"),
    Operation("POST", "conversations/{id}/notes/", body="text", answer=MESSAGE, status=201),
    Operation("POST", "conversations/{id}/react/", body="message emoji", answer=MESSAGE, status=201, sends=True),
    about_a_conversation("snooze", body="until"),
    about_a_conversation("read"),
    about_a_conversation("unread"),
    *read("messages/", MESSAGE, "whatsapp_number conversation direction search", "cursor", words=MESSAGE_WORDS),
    Operation(
        "POST",
        "messages/",
        body="whatsapp_number to? customer? text? template? parameters? pause_bot?",
        answer=MESSAGE,
        status=201,
        sends=True,
    ),
    Operation("GET", "conversations/{id}/messages/", answer=MESSAGE, listed="cursor", words=MESSAGE_WORDS),
    Operation(
        "POST",
        "conversations/{id}/messages/",
        body="text? template? parameters? media? caption? pause_bot? saved_reply? reply_to? send_at? "
        "cancel_if_customer_writes?",
        answer=MESSAGE,
        status=201,
        sends=True,
    ),
    Operation(
        "POST",
        "conversations/{id}/messages/",
        body="text? template? parameters? send_at? cancel_if_customer_writes?",
        answer=SCHEDULED,
        status=202,
        sends=True,
        words=SCHEDULED_STATE,
    ),
    *read("scheduled-messages/", SCHEDULED, "conversation state", words=SCHEDULED_STATE),
    Operation("POST", "scheduled-messages/{id}/cancel/", answer=SCHEDULED, words=SCHEDULED_STATE),
    Operation("POST", "scheduled-messages/{id}/send-now/", answer=SCHEDULED, words=SCHEDULED_STATE),
    *crud("saved-replies/", "id shortcut text is_shared created_at", "shortcut text is_shared?", "shortcut"),
    # Broadcasts
    *crud(
        "broadcasts/",
        BROADCAST,
        "whatsapp_number name template parameters? audience scheduled_at?",
        words=BROADCAST_STATUS,
    ),
    about_a_broadcast("plan"),
    about_a_broadcast("plan", status=202),
    about_a_broadcast("start", sends=True),
    about_a_broadcast("pause"),
    about_a_broadcast("resume", sends=True),
    about_a_broadcast("cancel"),
    about_a_broadcast("retry-failed", sends=True),
    about_a_broadcast("test", body="to", answer=MESSAGE, status=201, sends=True),
    Operation(
        "GET",
        "broadcasts/{id}/progress/",
        answer=f"status total {NINE_STATES} rate eta_seconds skips failures",
        words=BROADCAST_STATUS,
    ),
    *read("broadcast-messages/", BROADCAST_MESSAGE, "broadcast status", "cursor", words={"status": NINE_STATES}),
    # The overview
    Operation(
        "GET",
        "stats/",
        query="from to",
        answer="needs today last_week waiting period days first_answers solved_by_bots people numbers deals",
    ),
]
