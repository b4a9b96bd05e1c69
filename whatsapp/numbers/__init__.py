"""WhatsApp numbers: connected, watched, and what about them needs a person."""
