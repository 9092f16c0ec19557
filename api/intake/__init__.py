"""From a request body to a staged job."""
