"""The demo plant: real targets on loopback, and the people and history around them."""
