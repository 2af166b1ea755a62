"""What every folder stands on: errors, results, text identity, statistics, rows, vectors, storage."""
