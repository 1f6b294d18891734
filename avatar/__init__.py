"""Makes pixels from sound: the Speech2Lip method, trained per speaker, rendered in real time."""
