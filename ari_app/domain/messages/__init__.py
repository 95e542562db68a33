"""Messages, a contact in writing. Pure rules: states, parts of a text message, templates, what a reply wants."""
