"""What the API and the workers must agree on: settings, jobs, items, queries and the catalogue."""
