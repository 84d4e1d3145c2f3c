"""The process that sends what is placed, and what was found, to Kafka."""
