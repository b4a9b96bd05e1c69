"""Finds what was said in conversations, by the words people type."""
