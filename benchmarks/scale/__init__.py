"""The same events through one process and through Kafka with several: the same results?"""
