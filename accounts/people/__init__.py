"""The people of a business: registration, signing in, invitations, the team, roles and API tokens."""
