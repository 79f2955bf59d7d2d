"""The event log under Faust: Kafka, and Redis Streams on one machine, behind the ports of `engine`.

`kafka_log` (sla_engine.stream.kafka) and `redis_log` (sla_engine.stream.redis_streams) build
everything the command line needs from plain arguments.
"""
