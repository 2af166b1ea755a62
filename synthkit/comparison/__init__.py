"""Does a classifier learn from it?"""
