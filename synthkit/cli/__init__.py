"""The same verbs from a terminal."""
