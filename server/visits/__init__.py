"""Visits by one 医保码 as the centre sees them: which steps were reached, where people went away, how they paid."""
