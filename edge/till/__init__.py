"""The insured sale at the counter: who pays, what is asked of the centre, what follows, and how it is undone."""
