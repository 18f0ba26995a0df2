"""The centre's memory: the only place that speaks SQL, and the only place that knows which database it is."""
