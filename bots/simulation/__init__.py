"""A conversation with a bot that is neither stored nor sent."""
