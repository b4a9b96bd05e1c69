"""How much a scenario document may hold: Meta's limits, with the page of the Cloud API's reference, and ours."""

# Meta's

#: Characters of a text message (Messages, "Text object").
MAX_TEXT = 4096
#: Characters of the text above buttons or a list (Messages, "Interactive object").
MAX_INTERACTIVE_BODY = 1024
#: Reply buttons of a message, and characters on each (Messages, "Action object").
MAX_BUTTONS = 3
MAX_BUTTON_TITLE = 20
#: Rows of a list, and characters of each (Messages, "Action object").
MAX_ROWS = 10
MAX_ROW_TITLE = 24
#: Characters of a template's name and of a language's code (Business Management API, "Message templates").
MAX_TEMPLATE_NAME = 512
MAX_LANGUAGE = 15
#: Characters of a template's parameter: the body itself holds no more (Business Management API, "Message templates").
MAX_PARAMETER = 1024

# Ours

MAX_STEPS = 300
MAX_TRIGGERS = 100
MAX_RULES = 20
MAX_PARAMETERS = 50
MAX_TAGS = 20
MAX_ATTRIBUTES = 50
MAX_TRIES = 20

#: Characters.
MAX_KEY = 60
MAX_PATTERN = 500
MAX_FIELD = 100
MAX_RULE_VALUE = 1000
MAX_NAME_OF_VALUE = 50
MAX_CUSTOMER_NAME = 200
MAX_ATTRIBUTE = 1000
MAX_TAG = 50
MAX_DEAL_TITLE = 200
MAX_STAGE = 50
MAX_AMOUNT = 100
MAX_URL = 2000
MAX_JSON = 64 * 1024

#: How deep the JSON that is sent to a service may be nested.
MAX_JSON_DEPTH = 20

#: Seconds.
MIN_EXPIRES = 60
MAX_WAIT = 30 * 86400
DEFAULT_EXPIRES = 86400
