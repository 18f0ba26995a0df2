"""Worked examples of settlement and payment: each kind works its figures out again, and each figure is compared.

`reading` makes examples of a file's tree, `kinds` lists what each kind computes, `judging` compares, `running` does
all of it for a whole file. What a kind shares with a real settlement (bands, rounding, points) it calls, so that an
example that passes says something about the engine.
"""
