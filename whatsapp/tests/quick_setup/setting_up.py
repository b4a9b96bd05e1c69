"""An account at the simulated Meta that is to be set up, and what came of setting it up."""

from whatsapp.models import WhatsAppNumber
from whatsapp.numbers.quick_setup import setups
from whatsapp.numbers.quick_setup.results import results_of

WABA_ID = "102290129340398"
TOKEN = "EAAtoken-of-the-account"
FIRST, SECOND = "106540352240001", "106540352240002"


def make_account(meta):
    """Two numbers: the first is connected at Meta, the second not registered yet."""
    add = meta.directory.add_number
    first = add(FIRST, "+74951234501", TOKEN, waba_id=WABA_ID, name="Tea shop", pin="111111")
    second = add(SECOND, "+74951234502", TOKEN, waba_id=WABA_ID, name="Coffee shop", registered=False)
    return first, second


def set_up(owner, **entered):
    """Run a quick setup as the API does; by default for all numbers of the account."""
    setup = setups.begin(owner, **{"waba_id": WABA_ID, "access_token": TOKEN, **entered})
    setups.run(setup, owner, connect_all=True)
    return setup


def codes(setup):
    """(step, or step:phone_number_id) → the code of what came of it, with a minus when it failed."""
    return {
        ":".join(filter(None, key)): result.code if result.ok else f"-{result.code}"
        for key, result in results_of(setup).items()
    }


def failed(setup):
    return {key: code[1:] for key, code in codes(setup).items() if code.startswith("-")}


def calls(meta, method="POST"):
    """The edges that were posted to, in order."""
    return [call.path.removeprefix("/v25.0/") for call in meta.requests if call.method == method]


def number_of(phone_number_id):
    return WhatsAppNumber.objects.get(phone_number_id=phone_number_id)
