"""The API of numbers and message templates."""
