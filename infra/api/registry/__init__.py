"""A schema registry with Confluent's REST API; its state is the fold of the compacted topic `_schemas`."""
