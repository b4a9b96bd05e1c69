"""Work that rows wait for: claimed for the length of a lease by one worker at a time."""
