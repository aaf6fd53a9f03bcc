"""Where alerts go besides Kafka, one file a destination."""
