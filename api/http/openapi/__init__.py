"""The OpenAPI 3.1 document, read off the declarations of the routes."""
