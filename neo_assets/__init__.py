"""NASA's feed of asteroids passing Earth, as a lakehouse one can trust."""
