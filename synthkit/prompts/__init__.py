"""What exactly do we ask?"""
