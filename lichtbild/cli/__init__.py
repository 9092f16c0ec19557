"""The command `lichtbild`: everything that is typed or drawn in a terminal."""
