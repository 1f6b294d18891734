"""One folder a speaker; the default speaker ships with the package."""
