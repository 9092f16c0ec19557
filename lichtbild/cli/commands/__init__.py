"""The subcommands of `lichtbild`, one file each."""
