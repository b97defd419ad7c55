"""Checks what somebody has written, a draft with citations or single claims, against the abstracts that it cites."""
