"""The digital human on a desktop: sound devices, virtual cameras, and what joins them."""
