"""Adapter for Asterisk: ARI, AMI, media sockets, local instances."""
