"""Shows results and jobs: as HTML in notebooks, as tables in terminals, as data frames, and as pictures."""
