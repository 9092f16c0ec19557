"""The HTTP face of Lichtbild: takes jobs, tells how they are, shows photos. Never imports torch."""
