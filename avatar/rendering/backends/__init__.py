"""The networks in the form that suits a device: one file a back end."""
