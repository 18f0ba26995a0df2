"""The lists of insurance at the centre: taken from files, and given out as files and pages."""
