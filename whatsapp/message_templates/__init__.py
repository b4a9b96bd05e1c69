"""The message templates of WhatsApp Business accounts: made, submitted, synced, shown, filled in, deleted."""
