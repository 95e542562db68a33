"""Who approves plans, and which plans an account may be offered."""
