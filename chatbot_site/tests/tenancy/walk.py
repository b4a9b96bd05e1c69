"""What walking the admin and walking the API have in common."""

from chatbot_site.tests.tenancy.world import MARKER, links_between_businesses, snapshot


class Walk:
    """
    Looks about as the owner of one World, `mine`, for anything of another, `theirs`, and yields every hole it finds,
    as sentences. `looks` are the names of its methods that look.
    """

    looks = ()

    def holes(self):
        before = snapshot(self.theirs.business)
        for look in self.looks:
            yield from getattr(self, look)()
            yield from links_between_businesses()
            if snapshot(self.theirs.business) != before:
                yield f"{look} changed a row of the other business"
                return

    def leak(self, response, what):
        """The sentence for an answer that says something of the other business, or breaks."""
        if response.status_code >= 500:
            yield f"{what}: status {response.status_code}, {response.exc_info and response.exc_info[1]!r}"
        if MARKER in response_text(response):
            yield f"{what} shows the other business"


def response_text(response):
    if response.streaming:
        return b"".join(response.streaming_content).decode()
    return response.content.decode()
