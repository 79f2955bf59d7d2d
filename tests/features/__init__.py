"""One folder per row of docs/features.md: the words of a policy, and cases that prove them."""
