"""What is served over HTTP: figures and health of the controller."""
