"""The gateway as its senders see it."""
