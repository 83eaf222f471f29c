"""The processes of `make up`: what must be there before, what is started, when it is ready."""
