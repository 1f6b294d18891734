"""Many event loops for one address: media workers, and the process that places calls on them."""
