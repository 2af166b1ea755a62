"""The only place that talks to models: recorded replies, a live endpoint, or an n-gram baseline."""
