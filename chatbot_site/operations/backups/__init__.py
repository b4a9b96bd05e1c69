"""Backups of the whole installation, and their restoring."""
