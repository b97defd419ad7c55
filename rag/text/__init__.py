"""Text and what is read from it: words, sentences, names, quantities, dates, tokens and citation marks."""
