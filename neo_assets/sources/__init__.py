"""Where the data comes from: NeoWs, what it answers, and a simulator of it."""
