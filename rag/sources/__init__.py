"""rag/sources"""
