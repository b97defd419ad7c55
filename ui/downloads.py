"""Files that the page makes of a text and saves, without asking the server again."""

from __future__ import annotations

# Takes [name, content], or an empty list for no file.
DOWNLOAD = """(file) => {
  if (!file || !file.length) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file[1]], { type: "text/plain;charset=utf-8" }));
  link.download = file[0];
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""
