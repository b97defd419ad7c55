"""How the chat is served: its guard, host and passwords, HTTP endpoints and MCP tools."""
