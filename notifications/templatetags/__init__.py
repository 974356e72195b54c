"""What templates ask of telling."""
