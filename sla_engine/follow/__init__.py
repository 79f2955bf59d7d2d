"""What workers wrote, read beside them: never owned, never written, never in their way."""
