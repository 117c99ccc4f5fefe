"""The judge: a reply-by-reply simulator that knows nothing of the planner's model."""
