"""The simulated Graph API: its nodes, errors, tokens, templates and media."""
