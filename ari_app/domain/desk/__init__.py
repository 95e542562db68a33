"""People at telephones: who is there, who gets which call, and how a call passes from the bot to a person and back."""
