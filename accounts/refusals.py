"""Refusals: a request is understood, but must not be carried out now. Each says why, and what to do."""


class Refusal(Exception):
    """
    A clear "no" with a code for programs and a sentence for people, in the user's language.

    `status` is the HTTP status the API answers with: 409 for an illegal change of state, 400 for bad input.
    """

    def __init__(self, code: str, message: object, status: int = 409) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status

    def __str__(self) -> str:
        return str(self.message)
