"""Conversations: what came in is recorded, what goes out is queued, and the thread is shown or exported."""
