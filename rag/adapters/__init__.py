"""LlamaIndex language models, embedding models and node postprocessors as ours, named in the settings.

A name is module:Class or llamaindex:module:Class, such as llama_index.llms.ollama:Ollama, with the keyword arguments of the
class beside it. With rag.llamaindex, which is the other way round, the only importers of LlamaIndex on the way of a question;
importing it takes three seconds, so that others import these modules only where such a name is set.

It covers no option that is an object, such as the `llm` of LlamaIndex's LLMRerank: a class of one's own that makes it does.
"""
