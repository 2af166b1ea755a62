"""Thin views on functions that work without them."""
