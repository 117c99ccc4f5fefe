"""Exports and logs as they are, in; hourly history out."""
