"""What all routes share: access control, parameters, problem responses."""
