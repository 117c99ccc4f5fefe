"""The local page of `paiban serve`: forms over a shop folder, runs in their own processes, files to fetch."""
