"""Visits by one 医保码: each step proves the person again, once, and the hospital's system is told of it."""
