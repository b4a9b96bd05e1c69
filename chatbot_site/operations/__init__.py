"""Running an installation: one process, its environment, health, checks and backups."""
