"""One file of views for each subject."""
