"""The way out to the network: one client, addresses, robots.txt."""
