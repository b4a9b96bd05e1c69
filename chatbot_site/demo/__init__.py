"""`up --demo`: a business with a story, beside the simulated Meta."""
