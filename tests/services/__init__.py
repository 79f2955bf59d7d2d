"""Real servers for tests: Redis of both kinds and a Kafka broker, killed and restarted at will."""
