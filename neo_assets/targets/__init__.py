"""Where event files land, tables are and stages run: one folder for each place they can be in."""
