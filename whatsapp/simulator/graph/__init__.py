"""The simulated Graph API: what it knows, what it refuses and how; `endpoints` answers its calls."""
