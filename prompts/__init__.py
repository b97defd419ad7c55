"""The prompts: one Markdown file each, with string.Template placeholders; rag.prompting renders them."""
