"""Supply: the service model, the simulator that judges it, shifts, rosters and scenarios."""
