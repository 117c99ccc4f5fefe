"""What the past teaches: demand, reply rates as they were, and what one agent can do."""
