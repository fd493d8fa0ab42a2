"""Data that others have made: `natural_earth/README.md` says where it is from."""
