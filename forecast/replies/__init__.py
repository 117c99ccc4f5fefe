"""What happened, judged by the platform's rule, and what an agent can do."""
