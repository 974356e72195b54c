"""The demo, and the replay of a real year: both act through the doors like people do."""
