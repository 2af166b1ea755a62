"""What came, what did we keep, what does the model say of raw texts?"""
