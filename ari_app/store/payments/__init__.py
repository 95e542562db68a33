"""The tables of payments: links, orders, the inbox of notices, and what customers did on the page."""
