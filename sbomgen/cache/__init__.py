"""What is kept between runs: the records of layers, and which stored bytes have been verified."""
