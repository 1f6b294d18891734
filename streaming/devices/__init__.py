"""Sound devices and cameras of this machine."""
