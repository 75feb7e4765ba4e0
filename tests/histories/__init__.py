"""What clients asked and were answered, and whether it could have happened one after the other, as was promised."""
