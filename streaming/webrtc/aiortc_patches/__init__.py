"""Every change to aiortc, in one home: `install` makes them."""
