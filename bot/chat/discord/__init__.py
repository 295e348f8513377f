"""Discord: translates between its payloads and the words of the house. No other module knows a Discord object."""
