"""Is the synthetic set any good? Every number beside what two halves of the real rows give."""
