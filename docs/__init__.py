"""Scripts that generate pages and pictures of the documentation."""
