"""The simulator: what it lists, how it answers, and what it replays."""
