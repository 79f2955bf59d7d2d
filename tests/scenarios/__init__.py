"""The scenarios that come with the engine: their stories hold, in order and in disorder."""
