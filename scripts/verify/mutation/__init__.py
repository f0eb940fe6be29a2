"""Mutation testing: does a test fail when the contracts are changed?"""
