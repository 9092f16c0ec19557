"""From the bytes of a list to its rows: encodings, quotation marks, columns, items. One rule for every source."""
