"""Where a face and its voice can go: a browser, a camera, a sound device, a file, a stream."""
