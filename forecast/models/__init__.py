"""Forecast models behind one protocol."""
