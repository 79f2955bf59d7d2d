"""A bicycle shop of three people, with one file of policies."""
