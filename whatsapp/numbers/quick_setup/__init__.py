"""Quick setup: turns an access token and a WhatsApp Business account ID into connected numbers."""
