"""rag/settings"""
