"""The `lichtbild` command."""
