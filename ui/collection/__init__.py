"""The collection page: the papers that a visitor saved, as a table of evidence."""
