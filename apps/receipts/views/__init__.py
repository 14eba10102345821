"""The screens of a receipt file. Each finds what may be seen, notes what it shows, and renders it."""
