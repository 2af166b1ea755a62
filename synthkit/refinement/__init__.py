"""What is missing, and is asking for it worth it?"""
