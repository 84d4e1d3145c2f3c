"""Apache Kafka: how the log reaches several scorers, and results reach other systems."""
