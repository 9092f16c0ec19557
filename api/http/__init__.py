"""What every route shares: access, parameters, problems."""
