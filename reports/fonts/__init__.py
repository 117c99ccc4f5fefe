"""The font that ships with the program (README.md beside this file)."""
