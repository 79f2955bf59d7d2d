"""An IT service desk for several companies: incidents, requests, changes, vendors."""
