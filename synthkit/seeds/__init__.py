"""Which examples, what is wrong with them, what is personal in them?"""
