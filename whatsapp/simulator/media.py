"""Files as Meta keeps them (Cloud API, "Media"): known by an id, fetched from an address that soon expires."""

import hashlib
import secrets
import time
from dataclasses import dataclass, field

from .http import Json

#: How long the address of a file works; seconds.
ADDRESS_LIFETIME = 300

ATTACHMENT_PATH = "/attachments/"


@dataclass(frozen=True)
class Media:
    content: bytes = field(repr=False)
    mime: str
    name: str = ""
    id: str = field(default_factory=lambda: str(10**15 + secrets.randbelow(10**15)))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def as_node(self, base_url: str) -> Json:
        """Graph's fields of a file, its address among them."""
        return {
            "messaging_product": "whatsapp",
            "url": f"{base_url}{ATTACHMENT_PATH}?mid={self.id}&ext={int(time.time()) + ADDRESS_LIFETIME}",
            "mime_type": self.mime,
            "sha256": self.sha256,
            "file_size": len(self.content),
            "id": self.id,
        }
