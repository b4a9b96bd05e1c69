"""Building scenarios: forms of steps, the outline, checks in words, drafts and published versions."""
