"""Invented rows, tasks, replies and servers that several tests stand on."""
