"""The simulated telephone network: a second Asterisk as carrier and subscribers."""
