"""BENTOML room: answers questions over HTTP and logs every answer. BentoML is imported only here."""
