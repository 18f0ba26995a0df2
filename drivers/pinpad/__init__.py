"""PIN pads: a person types what nobody else is to see."""
