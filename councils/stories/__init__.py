"""What loads stories into the product: the demo and the replay of a real year."""
