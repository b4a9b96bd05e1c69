"""Message templates of a WhatsApp Business account: synced, submitted, filled in, deleted."""
