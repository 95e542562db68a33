"""Pure arithmetic on 20 ms frames: speech gate, endpointing, turn-taking, call progress."""
