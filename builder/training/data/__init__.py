"""Images: data sets by name, batches on the device, transforms and the cache of resized images."""
