"""A simulated shop morning: packs, scanners, cashiers, faults, and a checker that trusts nobody.

It knows the product only from outside: the bytes that scanners write, the terminals' and the centre's public HTTP
interface, and the command line.
"""
