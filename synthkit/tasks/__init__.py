"""What do we want, and where do real rows come from?"""
