"""Quick setup: of an access token and a WhatsApp Business account ID become connected numbers."""
