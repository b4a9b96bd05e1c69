"""The delivery ledger: rows are claimed, sent once, and settled; statuses of webhooks move them forward."""
