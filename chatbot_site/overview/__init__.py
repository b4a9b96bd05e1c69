"""What a business sees first: what needs a person, how the shop stands, and the first steps of a new one."""
