"""Teamwork: whoever waits is given to somebody, and people are told of who waits too long."""
