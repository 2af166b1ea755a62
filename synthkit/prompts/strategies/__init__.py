"""One module a way of asking."""
