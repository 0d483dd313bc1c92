"""Scripts that play, load and measure the whole system on real parts."""
