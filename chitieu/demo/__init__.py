"""A second registry, made up and reproducible, on which everything can be tried at full size."""
