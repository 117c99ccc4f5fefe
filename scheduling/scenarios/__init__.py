"""What-ifs: named changes to one configuration, judged on the same luck."""
