"""The engine: batches in, effects out, over ports. It decides nothing that the fold does not."""
