"""Scenarios at work: an event finds its scenario, a turn is decided by the engine and its effects are written."""
