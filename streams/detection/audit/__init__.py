"""Events of audit logs: what their fields mean, and the judge of them.

They come as JSON, one at a time and not many a second, so they are judged one by one and not by columns.
"""
