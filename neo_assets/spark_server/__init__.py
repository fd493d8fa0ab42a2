"""A local Spark with Delta that any machine can run: its Java, its JARs, its Connect server."""
