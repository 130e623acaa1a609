"""Container engines on this machine: asking them through their sockets and programs, and reading their storage without them."""
