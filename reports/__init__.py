"""Everything a person sees: tables, charts, files and the command line."""
