"""The planner's service model: agents per interval in, on-time replies out."""
