"""Secrets at rest: encrypted fields and the rotation of their keys."""
