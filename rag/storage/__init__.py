"""The two SQLite files (library and history), filters over papers, and the lock of the one writer."""
