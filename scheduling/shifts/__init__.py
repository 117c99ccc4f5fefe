"""How many people on each shift template and day."""
