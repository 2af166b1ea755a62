"""Is it good, safe, fair, beside a control?"""
