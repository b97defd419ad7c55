"""What a question asks for: its analysis, follow-ups, and a model's reading where rules do not do."""
