"""What the engine knows, and commands to it, over HTTP: a follower's model behind bearer tokens."""
