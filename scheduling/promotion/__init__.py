"""One event of the promotion calendar: need, gap, ways to close it, reserves, training, plan B."""
