"""The library page: papers are added, searched, read and removed."""
