"""The networks. Torch only: no file, no sound device, no network is touched here."""
