"""The gateway: events and vendors' webhooks over HTTP, on the log before they are acknowledged."""
