"""The library page: papers are added, looked through, read and taken out."""
