"""Pure dialogue: understanding, flows, prompts, guard. Text in, decisions out."""
